import { describe, expect, it } from 'vitest';
import type { Comparison, StepsComparison } from '../compare/summary.ts';
import { exampleSummary } from './testing/example-summary.ts';
import {
  comparisonSentence,
  notComparedSentences,
  singleSeedWarning,
  stepsRatioWords,
  stepsSentence,
  warningLines,
} from './words.ts';

const summary = exampleSummary();
const ratio = (changes: Partial<StepsComparison>): StepsComparison => ({
  model: 'dn-detr',
  baseline: 'dab-detr',
  metric: 'AP50',
  n: 2,
  seeds: [
    { seed: 0, target: 0.3, steps: 500, baselineSteps: 1000, ratio: 0.5, bound: 'exact' },
    { seed: 1, target: 0.3, baselineSteps: 1000, ratio: 1.2, bound: 'at least' },
  ],
  bound: 'exact',
  ratio: 0.5,
  unpaired: [],
  ...changes,
});

describe('stepsSentence', () => {
  it.each([
    [
      ratio({ interval: { low: 0.4, high: 0.625, level: 0.95, method: 'student-t' } }),
      'dn-detr has the final AP50 of dab-detr in 0.50 times its steps (95 % interval [0.40, 0.63], 2 seeds).',
    ],
    [
      ratio({ n: 1 }),
      'dn-detr has the final AP50 of dab-detr in 0.50 times its steps (one seed, which proves little).',
    ],
    [
      ratio({ bound: 'at least', ratio: 0.77 }),
      'dn-detr reaches the final AP50 of dab-detr in only 1 of 2 seeds: it takes at least 0.77 times its steps (a bound; 2 seeds).',
    ],
    [
      ratio({ bound: 'at most', ratio: 0.2 }),
      'dn-detr has the final AP50 of dab-detr in at most 0.20 times its steps (a bound, from its first evaluation; 2 seeds).',
    ],
    [ratio({ bound: 'unknown' }), 'How soon dn-detr has the final AP50 of dab-detr cannot be told.'],
  ])('says what is known: %#', (comparison, words) => {
    expect(stepsSentence(comparison, summary)).toBe(words);
  });

  it('says that the end of a baseline on the plateau is chance', () => {
    expect(stepsSentence(ratio({ baseline: 'detr' }), summary)).toMatch(
      /\. “detr” is still on the plateau in all 3 seeds: what it ends with there is little more than chance\.$/,
    );
  });
});

describe('comparisonSentence', () => {
  const [first] = summary.comparisons;
  const comparison = (changes: Partial<Comparison>): Comparison => ({
    ...(first as Comparison),
    ...{ model: 'dn-detr', baseline: 'dab-detr', metric: 'AP50', at: 'steps', atValue: 2400, n: 3 },
    ...{ mean: { model: 0.5, baseline: 0.33 }, meanDifference: 0.17 },
    interval: { low: 0.1, high: 0.24, level: 0.95, method: 'student-t' },
    claimsDifference: true,
    ...changes,
  });
  const { interval: _, ...withoutInterval } = comparison({ n: 1, at: 'seconds', atValue: 725 });
  it.each([
    [
      comparison({}),
      'After 2,400 steps dn-detr has AP50 0.500 against 0.330 of dab-detr: a difference of +0.170 (95 % interval +0.100 to +0.240, 3 seeds), beyond the spread of the seeds.',
    ],
    [
      comparison({ claimsDifference: false, interval: { low: -0.1, high: 0.44, level: 0.95, method: 'student-t' } }),
      'After 2,400 steps dn-detr has AP50 0.500 against 0.330 of dab-detr: the difference of +0.170 cannot be told from the spread of 3 seeds (95 % interval −0.100 to +0.440).',
    ],
    [
      withoutInterval,
      'After 12 min of training dn-detr has AP50 0.500 against 0.330 of dab-detr: one seed proves little.',
    ],
  ])('says what is known: %#', (found, words) => expect(comparisonSentence(found)).toBe(words));
});

describe('notComparedSentences', () => {
  const pairs = (at: 'steps' | 'seconds', ...names: string[]) =>
    names.map((name) => ({ model: name.split(' ')[0] as string, baseline: name.split(' ')[1] as string, at }));
  it('say why, once for all pairs', () => {
    expect(notComparedSentences(summary)).toEqual([]);
    const all = pairs('steps', 'dab-detr detr', 'dn-detr detr', 'dn-detr dab-detr');
    expect(notComparedSentences({ ...summary, notCompared: all })).toEqual([
      expect.stringMatching(/^Models are not compared at equal steps: runs whose length is in minutes .* differ\.$/),
    ]);
    const some = pairs('seconds', 'dn-detr detr');
    expect(notComparedSentences({ ...summary, notCompared: some })).toEqual([
      expect.stringMatching(/^dn-detr and detr are not compared at equal seconds: .* under another load\.$/),
    ]);
  });
});

describe('stepsRatioWords', () => {
  it('marks bounds', () => {
    const words = (['exact', 'at most', 'at least', 'unknown'] as const).map((bound) =>
      stepsRatioWords({ ratio: 0.456, bound }),
    );
    expect(words).toEqual(['0.46×', '≤ 0.46×', '≥ 0.46×', 'not known']);
  });
});

describe('singleSeedWarning', () => {
  it.each([
    ['npm start', 'npm start -- compare --seeds 3'],
    ['npm start -- compare --data x', 'npm start -- compare --data x --seeds 3'],
    ['npm start -- compare --seeds 1 --out y', 'npm start -- compare --seeds 3 --out y'],
    ['npm start -- compare --seeds=1', 'npm start -- compare --seeds 3'],
    ['npm start -- ablate groups', 'npm start -- ablate groups --seeds 3'],
  ])('turns %j into the command for more seeds', (command, three) => {
    expect(singleSeedWarning({ ...exampleSummary({ seeds: [0] }), command })?.command).toBe(three);
  });

  it.each(['npm start -- ablate components', 'npm start -- compare --seeds 5'])(
    'of runs that are not all done goes on with them: %j',
    (command) => {
      const warning = singleSeedWarning({ ...exampleSummary({ seeds: [0] }), finished: false, command });
      expect(warning).toMatchObject({ command, reason: expect.stringMatching(/Not all runs .* are done/) });
    },
  );

  it('names no command where none trains', () => {
    const warned = { ...exampleSummary({ seeds: [0] }), command: 'npm start -- report runs/compare --out x.html' };
    expect(singleSeedWarning(warned)?.command).toBeUndefined();
    expect(warningLines(warned)).toEqual([expect.stringMatching(/^One seed proves little\. .* by how much\.$/)]);
  });

  it('is none with several seeds', () => {
    expect(singleSeedWarning(summary)).toBeUndefined();
  });
});
