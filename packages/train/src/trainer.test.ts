import { expect, it } from 'vitest';
import { dropoutSeed } from './trainer.ts';

it('drops out otherwise in every micro-batch, step and run', () => {
  const seeds = [0, 1, 2].flatMap((seed) =>
    [0, 1, 7918, 7919, 15838].flatMap((step) => [0, 1, 64].map((micro) => dropoutSeed(seed, step, micro))),
  );
  expect(new Set(seeds).size).toBe(45);
  expect(dropoutSeed(1, 2, 3)).toBe(dropoutSeed(1, 2, 3));
  for (const seed of seeds) expect(seed).toBe(seed | 0);
});
