import { describe, expect, it } from 'vitest';
import { terminalTable } from './terminal.ts';
import { exampleAblation, exampleSummary, noTimesCompared } from './testing/example-summary.ts';
import { comparisonSentence } from './words.ts';

const table = (text: string): string[] => text.split('\n\n')[0]?.split('\n') ?? [];

describe('terminalTable', () => {
  it('shows means with their intervals, the plateau, and steps to the baselines', () => {
    expect(table(terminalTable(exampleSummary()))).toMatchInlineSnapshot(`
      [
        "┌──────────┬───────┬───────────────┬───────────────┬───────────────┬────────┬──────────────┬───────┐",
        "│ model    │ seeds │            AP │          AP50 │          AP75 │ s/step │     steps to │  IS / │",
        "│          │       │               │               │               │        │      AP50 of │  (2M) │",
        "│          │       │               │               │               │        │     dab-detr │       │",
        "├──────────┼───────┼───────────────┼───────────────┼───────────────┼────────┼──────────────┼───────┤",
        "│ detr *   │     3 │ 0.006 ± 0.002 │ 0.018 ± 0.004 │ 0.004 ± 0.001 │  0.071 │            – │ 0.156 │",
        "│ dab-detr │     3 │ 0.154 ± 0.019 │ 0.330 ± 0.038 │ 0.119 ± 0.016 │  0.084 │            – │ 0.194 │",
        "│ dn-detr  │     3 │ 0.243 ± 0.029 │ 0.500 ± 0.055 │ 0.196 ± 0.026 │  0.113 │        0.40× │ 0.169 │",
        "│          │       │               │               │               │        │ [0.34, 0.47] │       │",
        "└──────────┴───────┴───────────────┴───────────────┴───────────────┴────────┴──────────────┴───────┘",
        "±: 95 % Student-t interval of the mean over seeds",
        "* detr: still on the plateau in all 3 seeds",
      ]
    `);
  });

  it('fits into 125 columns, long names too', () => {
    const { models, ...summary } = exampleSummary();
    const renamed = models.map((model) => ({ ...model, name: `${model.name}+denoising.groups=0` }));
    for (const line of table(terminalTable({ ...summary, models: renamed })))
      expect(line.length).toBeLessThanOrEqual(125);
  });

  it('ends with the command for three seeds where there is one', () => {
    const lines = terminalTable(exampleSummary({ seeds: [4] })).split('\n');
    expect(lines.at(-2)).toMatch(/^One seed proves little\. .* For three seeds:$/);
    expect(lines.at(-1)).toBe('  npm start -- compare --recipe quick --seeds 3 --out runs/quick');
    expect(terminalTable(exampleSummary())).not.toContain('proves little');
  });

  it('says how models differ in AP50, and not in AP', () => {
    const summary = exampleSummary();
    const text = terminalTable(summary);
    for (const comparison of summary.comparisons) {
      expect(text.includes(comparisonSentence(comparison))).toBe(comparison.metric === 'AP50');
    }
  });

  it.each([
    ['a comparison', exampleSummary()],
    ['an ablation', exampleAblation()],
  ])('of %s holds no times that were taken under different conditions', (_, summary) => {
    const notCompared = noTimesCompared(summary);
    expect(terminalTable(summary)).toContain('s/step');
    expect(terminalTable({ ...summary, notCompared })).not.toContain('s/step');
    expect(terminalTable({ ...summary, notCompared })).toContain('not compared at equal seconds');
    expect(terminalTable({ ...summary, notCompared: notCompared.slice(1) })).toContain('s/step');
  });

  it('names runs that failed', () => {
    const text = terminalTable(exampleSummary({ failure: true }));
    expect(text).toMatch(
      /^! dn-detr, seed 2, failed \(last evaluation at step 1,200\): the loss is not finite.*; it is in no mean\.$/m,
    );
    expect(text).toMatch(/│ dn-detr +│ 2 of 3 │/);
  });

  it.each([
    ['before the first evaluation', exampleSummary({ evaluations: 0 })],
    ['without models', { ...exampleSummary(), models: [], comparisons: [], stepsRatios: [] }],
  ])('has no word that is no number %s', (_, summary) => {
    expect(terminalTable(summary)).not.toMatch(/NaN|undefined|Infinity/);
  });
});
