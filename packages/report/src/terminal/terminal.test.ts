import { exampleAblation, exampleSummary } from '@dn-detr/testing/example-summary';
import { describe, expect, it } from 'vitest';
import { headline } from '../analysis/headline.ts';
import type { ModelSummary } from '../summary/summary.ts';
import { terminalTable } from './terminal.ts';

const parts = (text: string): string[][] => text.split('\n\n').map((part) => part.split('\n'));

describe('terminalTable', () => {
  it('is a table of means with their intervals, the plateau marked, and a sentence', () => {
    const summary = exampleSummary();
    const [table, ...others] = parts(terminalTable(summary));
    expect(table).toMatchInlineSnapshot(`
      [
        "model     seeds      AP ± 95 %    AP50 ± 95 %",
        "detr *        3  0.006 ± 0.002  0.018 ± 0.004",
        "dab-detr      3  0.154 ± 0.019  0.330 ± 0.038",
        "dn-detr       3  0.243 ± 0.029  0.500 ± 0.055",
        "* still on the plateau near 0 in some or all seeds",
      ]
    `);
    expect(others).toEqual([[headline(summary)]]);
  });

  it.each([9, 10, 30])('has a table of at most ten lines for %d models', (count) => {
    const summary = exampleSummary();
    const [model] = summary.models as readonly [ModelSummary];
    const models = Array.from({ length: count }, (_, i) => ({ ...model, name: `model ${i}` }));
    const lines =
      terminalTable({ ...summary, models, comparisons: [] })
        .split('\n\n')[0]
        ?.split('\n') ?? [];
    const table = lines.filter((line) => !line.startsWith('*'));
    expect(table).toHaveLength(10);
    expect(table.at(-1)).toMatch(count === 9 ? /^model 8/ : new RegExp(`^… and ${count - 8} more on the page$`));
  });

  it('fits into 80 columns with the longest name of a model without settings', () => {
    const { models, ...summary } = exampleSummary();
    const renamed = models.map((model) => ({ ...model, name: 'dn-deformable-detr+denoising.groups=0' }));
    const [table] = parts(terminalTable({ ...summary, models: renamed })) as [string[]];
    expect(table.filter((line) => line.includes('dn-deformable-detr+denoising.groups=0'))).toHaveLength(models.length);
    for (const line of table) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('starts with the claim of an ablation, and compares its cells with the first', () => {
    const summary = exampleAblation();
    const [claim, table, ...others] = parts(terminalTable(summary));
    expect(claim).toEqual([summary.ablation?.title, 'claim: more groups help']);
    expect(table?.[0]).toMatch(/^cell +seeds +AP ± 95 % +AP50 ± 95 % +AP50 − detr +p$/);
    expect(table?.[3]).toMatch(/^dn-detr .*\+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\]/);
    expect(others).toEqual([[headline(summary)]]);
  });

  it('names runs that failed', () => {
    const text = terminalTable(exampleSummary({ failure: true }));
    expect(text).toMatch(
      /^! dn-detr, seed 2, failed \(last evaluation at step 1,200\): the loss is not finite.*; it is not included in the means\.$/m,
    );
    expect(text).toMatch(/^dn-detr +2 of 3 /m);
  });

  it.each([
    ['before the first evaluation', exampleSummary({ evaluations: 0 })],
    ['without models', { ...exampleSummary(), models: [], comparisons: [], stepsRatios: [] }],
  ])('contains no NaN %s', (_, summary) => {
    expect(terminalTable(summary)).not.toMatch(/NaN|undefined|Infinity/);
  });
});
