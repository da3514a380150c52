import { describe, expect, it } from 'vitest';
import { type ClassCost, writeClassCosts } from './class-cost.ts';
import { exponentialOfNegative } from './exponential.ts';
import { uniform } from './testing/predictions.ts';

function classCosts(logits: Float32Array, numLogits: number, cost: ClassCost): Float64Array {
  const queries = logits.length / numLogits;
  const out = new Float64Array(numLogits * queries);
  const labels = Array.from({ length: numLogits }, (_, label) => label);
  writeClassCosts({ logits, queries, numLogits }, labels, cost, out);
  return out;
}

describe('exponentialOfNegative', () => {
  it('approximates e^x', () => {
    let worst = 0;
    for (let x = 0; x > -32; x -= 0.00137)
      worst = Math.max(worst, Math.abs(exponentialOfNegative(x) / Math.exp(x) - 1));
    expect(worst).toBeLessThan(1e-7);
    expect(exponentialOfNegative(0)).toBe(1);
    expect([-32.1, -1e6, -1e300, Number.NEGATIVE_INFINITY].map(exponentialOfNegative)).toEqual([0, 0, 0, 0]);
    expect(exponentialOfNegative(Number.NaN)).toBeNaN();
  });
});

describe('the focal class cost', () => {
  const exact = (logit: number, alpha: number, gamma: number): number => {
    const p = 1 / (1 + Math.exp(-logit));
    const rest = 1 / (1 + Math.exp(logit));
    return alpha * rest ** gamma * -Math.log(p + 1e-8) - (1 - alpha) * p ** gamma * -Math.log(rest + 1e-8);
  };

  it.each([
    [0.25, 2],
    [0.5, 0],
    [0.9, 1.5],
    [1, 4],
  ])('with alpha %f and gamma %f agrees with its formula in float64', (alpha, gamma) => {
    const logits = Float32Array.from({ length: 20_001 }, (_, i) => (i - 10_000) / 200);
    const costs = classCosts(logits, 1, { kind: 'focal', alpha, gamma, weight: 1 });
    const errors = logits.map((logit, i) => Math.abs((costs[i] as number) - exact(logit, alpha, gamma)));
    expect(Math.max(...errors)).toBeLessThan(2e-6);
  });

  it('follows a change of alpha and gamma', () => {
    const logits = Float32Array.of(0.3);
    for (const gamma of [2, 3, 2]) {
      expect(classCosts(logits, 1, { kind: 'focal', alpha: 0.25, gamma, weight: 1 })[0]).toBeCloseTo(
        exact(logits[0] as number, 0.25, gamma),
        6,
      );
    }
  });
});

describe('the softmax class cost', () => {
  it('is minus the probability, with "no object" in the denominator', () => {
    const random = uniform(3);
    for (const scale of [0.1, 1, 30, 1000]) {
      const numLogits = 7;
      const logits = Float32Array.from({ length: 5 * numLogits }, () => scale * (random() - 0.5));
      const costs = classCosts(logits, numLogits, { kind: 'softmax', weight: 1 });
      for (let q = 0; q < 5; q++) {
        const row = [...logits.subarray(q * numLogits, (q + 1) * numLogits)];
        const largest = Math.max(...row);
        const sum = row.reduce((total, logit) => total + Math.exp(logit - largest), 0);
        for (const [c, logit] of row.entries()) {
          expect(costs[c * 5 + q]).toBeCloseTo(-Math.exp(logit - largest) / sum, 6);
        }
      }
    }
  });
});
