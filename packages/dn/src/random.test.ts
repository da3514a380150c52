import { describe, expect, it } from 'vitest';
import { recordedNoise, seededNoise } from './random.ts';

const uniform = (seed: string | number, size: number) => {
  const out = new Float32Array(size);
  seededNoise(seed).uniform(out);
  return out;
};

describe('seededNoise', () => {
  it('gives the same bytes for the same seed, on every machine', () => {
    expect(uniform('run 7', 1000)).toEqual(uniform('run 7', 1000));
    expect(uniform(7, 3)).toEqual(uniform('7', 3));
    expect(uniform(7, 1000)).not.toEqual(uniform(8, 1000));
    const [first] = uniform('fixed', 1);
    expect(first).toBe(0.7032830715179443);
  });

  it('gives independent draws for successive steps', () => {
    const [steps, bins] = [10_000, 100];
    const draws = Array.from({ length: steps + 1 }, (_, step) => uniform(`run 1, step ${step}`, 8));
    for (let i = 0; i < 8; i++) {
      // Differences, taken around the circle, are equally likely in every bin.
      const counts = new Float64Array(bins);
      for (let step = 0; step < steps; step++) {
        const difference = (draws[step + 1]?.[i] as number) - (draws[step]?.[i] as number);
        const bin = Math.floor(bins * (difference < 0 ? difference + 1 : difference));
        counts[bin] = (counts[bin] as number) + 1;
      }
      const chiSquare = counts.reduce((sum, count) => sum + (count - steps / bins) ** 2 / (steps / bins), 0);
      expect(Math.abs(chiSquare - (bins - 1))).toBeLessThan(5 * Math.sqrt(2 * (bins - 1)));
    }
  });

  it('stays below 1 in float32', () => {
    const draws = uniform(1, 1_000_000);
    expect(draws.every((u) => u >= 0 && u < 1 && Number.isInteger(u * 2 ** 24))).toBe(true);
  });

  it('draws integers from 0 with equal probability', () => {
    const out = new Int32Array(60_000);
    seededNoise(1).integers(out, 6);
    for (let value = 0; value < 6; value++) {
      const rate = out.filter((drawn) => drawn === value).length / out.length;
      expect(Math.abs(rate - 1 / 6)).toBeLessThan(4 * Math.sqrt(5 / 36 / out.length));
    }
    expect(out.every((drawn) => drawn >= 0 && drawn < 6)).toBe(true);
  });
});

describe('recordedNoise', () => {
  it('replays one array for each request', () => {
    const noise = recordedNoise([[0.5, 0.25], [3]]);
    const [floats, integers] = [new Float32Array(2), new Int32Array(1)];
    noise.uniform(floats);
    expect([...floats, noise.remaining]).toEqual([0.5, 0.25, 1]);
    noise.integers(integers, 5);
    expect([...integers, noise.remaining]).toEqual([3, 0]);
  });

  it('rejects requests that were not recorded', () => {
    const noise = recordedNoise([[0.5, 0.25]]);
    expect(() => noise.uniform(new Float32Array(3))).toThrow('recorded draw 0 holds 2 numbers, but 3 were requested');
    noise.uniform(new Float32Array(2));
    expect(() => noise.uniform(new Float32Array(2))).toThrow('all 1 recorded draws are used up');
  });

  it.each([-0.1, 1, Number.NaN])('rejects %d as a uniform number', (value) => {
    const noise = recordedNoise([[0.5, value]]);
    const message = `recorded draw 0 holds ${value} at 1: expected numbers in [0, 1)`;
    expect(() => noise.uniform(new Float32Array(2))).toThrow(message);
  });

  it.each([-1, 3, 0.5])('rejects %d as an integer below 3', (value) => {
    const noise = recordedNoise([[2, value]]);
    const message = `recorded draw 0 holds ${value} at 1: expected whole numbers in 0..2`;
    expect(() => noise.integers(new Int32Array(2), 3)).toThrow(message);
  });
});
