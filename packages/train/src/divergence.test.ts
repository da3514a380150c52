import { figure } from '@dn-detr/core/loss';
import { describe, expect, it } from 'vitest';
import { divergence, followLoss, noHistory } from './divergence.ts';

const record = (loss: number, gradNorm = 1) => ({
  loss,
  gradNorm,
  learningRate: 1e-3,
  knownQueries: 0,
  terms: [false, true].map((known) => ({
    ...figure({ quantity: 'loss_ce', kind: 'term', set: 'decoder', known, layer: 0, last: true }),
    value: loss / 2,
  })),
});

const after = (losses: readonly number[]) => losses.reduce(followLoss, noHistory);

describe('a run has diverged', () => {
  it('when a figure is not a number, and says which', () => {
    expect(divergence(record(Number.NaN), noHistory)).toBe('loss is NaN, loss_ce is NaN, tgt_loss_ce is NaN');
    expect(divergence(record(3, Number.POSITIVE_INFINITY), noHistory)).toBe('the norm of the gradient is Infinity');
  });

  it('when the loss has risen permanently, but not after a single bad step or a bad start', () => {
    const steady = Array.from({ length: 40 }, () => 10);
    expect(divergence(record(500), after([...steady, 500]))).toBeUndefined();
    const rising = [...steady, ...Array.from({ length: 200 }, () => 100)];
    expect(divergence(record(100), after(rising))).toMatch(/the loss averages .*, 4 times the 10.0 it began with/);
    expect(divergence(record(1000), after([1, 1000]))).toBeUndefined();
  });

  it('never while it falls', () => {
    const falling = Array.from({ length: 500 }, (_, i) => 30 * 0.99 ** i);
    expect(divergence(record(0.1), after(falling))).toBeUndefined();
  });
});
