/** Simulates studies to see how often a comparison claims a difference, without a real one and with a known one. */
import { describe, expect, it } from 'vitest';
import { pairedComparison } from './paired.ts';
import { pairedPower } from './power.ts';

/** Park and Miller's generator. */
function draws(seed: number) {
  let state = seed;
  const uniform = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  for (let i = 0; i < 100; i++) uniform();
  const exponential = () => -Math.log(uniform());
  const normal = () => Math.sqrt(2 * exponential()) * Math.cos(2 * Math.PI * uniform());
  return { uniform, exponential, normal };
}

type Draws = ReturnType<typeof draws>;
type Noise = (draw: Draws) => number;

const normalNoise: Noise = ({ normal }) => normal();

function model(n: number, noise: Noise, draw: Draws) {
  return Array.from({ length: n }, (_, seed) => ({ seed, value: 10 + noise(draw) }));
}

/** Number of studies in which the models are claimed to differ. */
function claims(studies: number, n: number, noise: Noise, difference = 0): number {
  const draw = draws(1000 * n + 1);
  let count = 0;
  for (let study = 0; study < studies; study++) {
    const better = model(n, noise, draw).map(({ seed, value }) => ({ seed, value: value + difference }));
    if (pairedComparison(better, model(n, noise, draw)).claimsDifference) count++;
  }
  return count;
}

/** Expects a binomial count; one in 10,000 lies further off. */
function expectRate(count: number, studies: number, rate: number): void {
  const margin = 3.9 * Math.sqrt(studies * rate * (1 - rate));
  expect(count).toBeGreaterThan(studies * rate - margin);
  expect(count).toBeLessThan(studies * rate + margin);
}

const sizes = [2, 3, 5, 10] as const;

describe('pairedComparison without a difference', () => {
  it.each(sizes.map((n) => ({ n })))('claims one in 5 % of cases at n = $n', ({ n }) => {
    expectRate(claims(10_000, n, normalNoise), 10_000, 0.05);
  });

  // The table in its documentation, which was made independently with numpy and scipy.
  it.each<[string, Noise, readonly number[]]>([
    ['uniform', ({ uniform }) => uniform(), [0.053, 0.052, 0.053, 0.052]],
    ['Laplace', ({ exponential }) => exponential() - exponential(), [0.044, 0.04, 0.042, 0.046]],
    [
      "Student's t, 3 degrees of freedom",
      ({ normal }) => normal() / Math.hypot(normal(), normal(), normal()),
      [0.044, 0.041, 0.04, 0.043],
    ],
    ['exponential', ({ exponential }) => exponential(), [0.04, 0.033, 0.034, 0.042]],
    ['log-normal', ({ normal }) => Math.exp(normal()), [0.035, 0.026, 0.026, 0.032]],
    [
      'a plateau',
      ({ uniform, normal }) => (uniform() < 0.5 ? 0.02 : 0.3) + 0.01 * normal(),
      [0.135, 0.037, 0.025, 0.056],
    ],
  ])('claims as many as documented under other noise: %s', (_, noise, documented) => {
    documented.forEach((rate, i) => {
      expectRate(claims(3000, sizes[i] as number, noise), 3000, rate);
    });
  });
});

describe('pairedComparison with a known difference', () => {
  it.each([
    [3, 3],
    [5, 2],
    [10, 1],
    [10, 1.5],
  ])('finds it at the stated power: n = %s, %s standard deviations', (n, effect) => {
    // The difference of two normal values has √2 times their standard deviation.
    const difference = effect * Math.SQRT2;
    const power = pairedPower({ n, difference, sd: Math.SQRT2 });
    expectRate(claims(5000, n, normalNoise, difference), 5000, power);
  });
});
