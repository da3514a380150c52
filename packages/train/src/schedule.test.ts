import { describe, expect, it } from 'vitest';
import { learningRateFactor } from './schedule.ts';

describe('the learning rate', () => {
  it('rises over the first steps and falls at fractions of the run', () => {
    const schedule = { kind: 'step', warmUp: 10, drops: [0.5, 0.9] } as const;
    const factors = [0, 4, 9, 10, 49, 50, 89, 90, 99].map((step) =>
      learningRateFactor({ ...schedule, drops: [...schedule.drops] }, step, step / 100),
    );
    [0.1, 0.5, 1, 1, 1, 0.1, 0.1, 0.01, 0.01].forEach((factor, i) => {
      expect(factors[i]).toBeCloseTo(factor, 12);
    });
  });

  it('or follows half a cosine', () => {
    const schedule = { kind: 'cosine', warmUp: 0, drops: [] } as const;
    const at = (progress: number) => learningRateFactor({ ...schedule, drops: [] }, 1000 * progress, progress);
    expect([at(0), at(1 / 3), at(0.5), at(1)].map((x) => Math.round(x * 1e6) / 1e6)).toEqual([1, 0.75, 0.5, 0]);
  });
});
