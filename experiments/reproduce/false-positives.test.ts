import { describe, expect, it } from 'vitest';
import { falsePositives } from './false-positives.ts';

/** Normal draws from a small generator (Box and Muller; Lehmer's generator). */
function draws(count: number, seed: number): number[] {
  let state = seed;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

describe('falsePositives', () => {
  it('counts every split once', () => {
    const values = draws(7, 1);
    // 7! / (2! 2! 3!) / 2 and 7! / (3! 3! 1!) / 2
    expect(falsePositives(values, 2).splits).toBe(105);
    expect(falsePositives(values, 3).splits).toBe(70);
  });

  it('finds about 5 % among runs that differ only by chance', () => {
    const rates = Array.from({ length: 30 }, (_, i) => falsePositives(draws(9, 100 + 7 * i), 3).rate);
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    expect(mean).toBeGreaterThan(0.03);
    expect(mean).toBeLessThan(0.07);
  });

  it('has an interval that mostly contains the true rate and never leaves 0..1', () => {
    const found = Array.from({ length: 30 }, (_, i) => falsePositives(draws(9, 900 + 11 * i), 3).interval);
    const holding = found.filter((interval) => interval && interval.low <= 0.05 && interval.high >= 0.05).length;
    expect(holding).toBeGreaterThan(20);
    for (const interval of found) {
      expect(interval?.low ?? 0).toBeGreaterThanOrEqual(0);
      expect(interval?.high ?? 0).toBeLessThanOrEqual(1);
    }
  });
});
