import { describe, expect, it } from 'vitest';
import type { StepsComparison } from '../compare/summary.ts';
import { exampleSummary } from './testing/example-summary.ts';
import { singleSeedWarning, stepsRatioWords, stepsSentence } from './words.ts';

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
      /\. detr is still on the plateau: its final AP50 is little more than chance\.$/,
    );
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
    // It asks for them already.
    ['npm start -- compare --seeds 5', 'npm start -- compare --seeds 5'],
    ['npm start -- compare --seeds=0,1,2', 'npm start -- compare --seeds=0,1,2'],
  ])('turns %j into the command for more seeds', (command, three) => {
    expect(singleSeedWarning({ ...exampleSummary({ seeds: [0] }), command })?.command).toBe(three);
  });

  it('is none with several seeds', () => {
    expect(singleSeedWarning(summary)).toBeUndefined();
  });
});
