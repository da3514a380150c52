import { exampleAblation } from '@dn-detr/testing/example-summary';
import { describe, expect, it } from 'vitest';
import { ablationRows } from '../analysis/ablation-rows.ts';
import type { AblationHeading } from '../summary/summary.ts';
import { cellPanel } from './cell-panel.ts';

describe('cellPanel', () => {
  it('connects cells along their scale, whichever is the first', () => {
    const rows = ablationRows(exampleAblation());
    const values = Object.fromEntries(rows.map(({ model }, i) => [model.name, [5, 0, 10][i] as number]));
    const scale: AblationHeading['scale'] = { label: 'groups', values };
    const [, line] =
      /stroke="var\(--muted\)"[^>]*><path d="M([^"]*)"/.exec(cellPanel(rows, 'AP50', scale)?.text ?? '') ?? [];
    const xs = (line ?? '').split('L').map((point) => Number(point.split(',')[0]));
    expect(xs).toHaveLength(3);
    expect(xs).toEqual(xs.toSorted((a, b) => a - b));
  });
});
