import { exampleAblation } from '@dn-detr/testing/example-summary';
import { describe, expect, it } from 'vitest';
import { ablationRows, differenceWords, testWords } from './ablation-rows.ts';

describe('ablationRows', () => {
  const summary = exampleAblation();
  const [first, second, third] = ablationRows(summary);
  const pOf = (name: string) =>
    summary.comparisons.find(({ model, metric, at }) => model === name && metric === 'AP50' && at === 'steps')?.pValue;

  it('compares every cell with the first, which has nothing to be compared with', () => {
    expect(first?.difference).toBeUndefined();
    expect(differenceWords(first as never)).toEqual(['–', '–']);
    for (const row of [second, third]) {
      expect(row?.difference).toMatchObject({ baseline: first?.model.name, metric: 'AP50', at: 'steps', n: 3 });
      expect(differenceWords(row as never)[0]).toMatch(/^\+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\]$/);
    }
  });

  it('corrects p-values for the number of cells', () => {
    const [one, other] = [pOf('dab-detr') as number, pOf('dn-detr') as number];
    const [smaller, larger] = one < other ? [second, third] : [third, second];
    expect(smaller?.correctedP).toBeCloseTo(2 * Math.min(one, other), 12);
    expect(larger?.correctedP).toBeCloseTo(Math.max(one, other, 2 * Math.min(one, other)), 12);
    expect(testWords([first, second, third] as never)).toBe('of the paired t-test, corrected by Holm for 2 cells');
  });

  it('counts only cells that were tested', () => {
    // The last cell has no finished run yet.
    const comparisons = summary.comparisons.filter(({ model }) => model !== 'dn-detr');
    const rows = ablationRows({ ...summary, comparisons });
    expect(rows[1]?.correctedP).toBeCloseTo(pOf('dab-detr') as number, 12);
    expect(testWords(rows)).toBe('of the paired t-test, corrected by Holm for 1 cell');
    expect(testWords(ablationRows({ ...summary, comparisons: [] }))).toBeUndefined();
  });
});
