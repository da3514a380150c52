import { exampleSummary } from '@dn-detr/testing/example-summary';
import { describe, expect, it } from 'vitest';
import { notComparedSentences, stepsRatioWords } from './words.ts';

const summary = exampleSummary();

describe('notComparedSentences', () => {
  const pairs = (at: 'steps' | 'seconds', ...names: string[]) =>
    names.map((name) => ({ model: name.split(' ')[0] as string, baseline: name.split(' ')[1] as string, at }));
  it('give the reason once for all pairs', () => {
    expect(notComparedSentences(summary)).toEqual([]);
    const all = pairs('steps', 'dab-detr detr', 'dn-detr detr', 'dn-detr dab-detr');
    expect(notComparedSentences({ ...summary, notCompared: all })).toEqual([
      expect.stringMatching(/^Models are not compared at equal steps: runs whose length is in minutes .* differ\.$/),
    ]);
    const some = pairs('seconds', 'dn-detr detr');
    expect(notComparedSentences({ ...summary, notCompared: some })).toEqual([
      expect.stringMatching(/^dn-detr and detr are not compared at equal seconds: .* under a different load\.$/),
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
