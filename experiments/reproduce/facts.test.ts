import type { ModelSummary } from '@dn-detr/report';
import { exampleSummary } from '@dn-detr/testing/example-summary';
import { describe, expect, it } from 'vitest';
import { type Fact, find, separatedFrom } from './facts.ts';

const fact = (model: string, against: string): Fact => ({
  says: 'it is better',
  models: [model],
  against: [against],
  expected: 'higher',
  figures: ['AP50'],
});

/** AP50 of each seed at steps 100, 200 and so on. */
function modelOf(name: string, curves: readonly (readonly number[])[]): ModelSummary {
  const [model] = exampleSummary().models;
  const [run] = model?.runs ?? [];
  const [point] = run?.curve ?? [];
  if (!model || !run || !point) throw new Error('the example has no run');
  const runs = curves.map((values, seed) => ({
    ...run,
    seed,
    curve: values.map((AP50, i) => ({ ...point, AP50, step: 100 * (i + 1) })),
  }));
  return { ...model, name, runs };
}

describe('find', () => {
  const models = [modelOf('low', [[0.1], [0.12], [0.11]]), modelOf('high', [[0.3], [0.33], [0.3]])];

  it('distinguishes the claim, its opposite, and what three seeds cannot tell', () => {
    expect(find({ models }, fact('high', 'low'), 'AP50').verdict).toBe('holds');
    expect(find({ models }, fact('low', 'high'), 'AP50').verdict).toBe('the opposite');
    expect(find({ models }, { ...fact('low', 'high'), expected: 'lower' }, 'AP50').verdict).toBe('holds');
    const wide = [...models, modelOf('wide', [[0], [0.6], [0.2]])];
    expect(find({ models: wide }, fact('wide', 'low'), 'AP50').verdict).toBe('inconclusive');
  });

  it('gives means, the difference, its interval and the seeds that agree', () => {
    // Student's t of 2 degrees of freedom at 97.5 % is 4.3027; the differences .2 .21 .19 have a standard deviation of .01.
    expect(find({ models }, fact('high', 'low'), 'AP50').here).toBe(
      '0.310 against 0.110: +0.200 [+0.175, +0.225]; 3 of 3 seeds',
    );
  });

  it('refuses a seed that one of the models has not finished', () => {
    const [low, high] = models as [ModelSummary, ModelSummary];
    const stopped = low.runs.map((run) => (run.seed === 2 ? { ...run, status: 'stopped' as const } : run));
    const some = { models: [{ ...low, runs: stopped }, high] };
    expect(() => find(some, fact('high', 'low'), 'AP50')).toThrow('unpaired: 2 (missing in the second model)');
  });

  it('compares the step from one model to the next with another such step', () => {
    const third = modelOf('third', [[0.35], [0.38], [0.36]]);
    const found = find(
      { models: [...models, third] },
      { models: ['high', 'high'], against: ['low', 'third'], expected: 'higher' },
      'AP50',
    );
    // (.2 .21 .19) less (.05 .05 .06)
    expect(found).toEqual({ here: expect.stringMatching(/^\+0\.147 \[.+\]; 3 of 3 seeds$/), verdict: 'holds' });
  });

  it('compares times by their ratio and not by their difference', () => {
    const times = (name: string, secondsAStep: readonly number[]) => {
      const model = modelOf(
        name,
        secondsAStep.map(() => [0.1, 0.2, 0.3]),
      );
      const timed = model.runs.map((run, i) => ({
        ...run,
        curve: run.curve.map((point) => ({ ...point, seconds: point.step * (secondsAStep[i] as number) })),
      }));
      return { ...model, runs: timed };
    };
    const timed = [times('slow', [0.2, 0.44, 0.3]), times('quick', [0.1, 0.2, 0.15])];
    // The geometric mean of 2, 2.2 and 2.
    expect(find({ models: timed }, fact('slow', 'quick'), 'seconds a step').here).toMatch(
      /: ×2\.06 \[×1\.\d\d, ×2\.\d\d\]/,
    );
  });

  it('lists the existing models if a name is unknown', () => {
    expect(() => find({ models }, fact('high', 'lower'), 'AP50')).toThrow("there is no 'lower': expected low, high");
  });
});

describe('separatedFrom', () => {
  const flat = modelOf(
    'flat',
    [0.1, 0.1, 0.1].map((value) => [value, value, value, value]),
  );
  const rising = modelOf('rising', [
    [0.3, 0.1, 0.3, 0.31],
    [0.31, 0.3, 0.31, 0.3],
    [0.3, 0, 0.29, 0.3],
  ]);

  it('takes the first evaluation after which the models stay apart', () => {
    expect(separatedFrom({ models: [flat, rising] }, ['rising', 'flat'], 'AP50', 3)).toBe(300);
  });

  it('is undefined if the models are not apart at the end', () => {
    expect(separatedFrom({ models: [flat, rising] }, ['flat', 'flat'], 'AP50', 3)).toBeUndefined();
  });
});
