import { describe, expect, it } from 'vitest';
import { checkDenseTargets, type DenseTargets } from './dense-targets.ts';

const targets = (change: Partial<DenseTargets> = {}): DenseTargets => ({
  classes: new Int32Array(12),
  boxes: new Float32Array(48),
  classWeights: new Float32Array(12),
  boxWeights: new Float32Array(12),
  normalizer: 3,
  ...change,
});

describe('checkDenseTargets', () => {
  it('counts the queries of a row', () => {
    expect(checkDenseTargets(targets(), 4, 'targets')).toBe(3);
    expect(checkDenseTargets(targets({ normalizer: 0 }), 1, 'targets')).toBe(12);
    const none = new Float32Array(0);
    const empty = { classes: new Int32Array(0), boxes: none, classWeights: none, boxWeights: none };
    expect([2, 0].map((rows) => checkDenseTargets(targets(empty), rows, 'targets'))).toEqual([0, 0]);
  });

  it.each<[Partial<DenseTargets>, number, string]>([
    [{}, 5, 'classes, boxes / 4 and weights are [12,12,12,12] long, expected a multiple of 5'],
    [{}, 0, 'classes, boxes / 4 and weights are [12,12,12,12] long, expected a multiple of 0'],
    [{ boxes: new Float32Array(12) }, 4, 'classes, boxes / 4 and weights are [12,3,12,12] long'],
    [{ boxWeights: new Float32Array(4) }, 4, 'classes, boxes / 4 and weights are [12,12,12,4] long'],
    [{ normalizer: -1 }, 4, 'the normalizer is -1, expected a number of 0 or more'],
    [{ normalizer: Number.NaN }, 4, 'the normalizer is NaN, expected a number of 0 or more'],
  ])('names what does not fit: %o in %i rows', (change, rows, message) => {
    expect(() => checkDenseTargets(targets(change), rows, 'known targets [B, K]')).toThrow(
      `known targets [B, K]: ${message}`,
    );
  });
});
