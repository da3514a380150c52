import { describe, expect, it } from 'vitest';
import { namedErrors, namedLosses } from './metrics.ts';
import type { LossTargets } from './targets.ts';

/** Two layers of one image, K = 2, Q = 3; class 5 is "no object". */
const targets: LossTargets = {
  layers: 2,
  batch: 1,
  known: 2,
  total: 5,
  classes: Int32Array.of(1, 2, 1, 5, 2, 1, 2, 5, 1, 2),
  boxes: new Float32Array(40),
  classWeights: new Float32Array(10).fill(1),
  boxWeights: Float32Array.of(1, 1, 1, 0, 1, 1, 1, 0, 1, 1),
};

describe('namedLosses', () => {
  it('uses the names of the reference', () => {
    const terms = Array.from({ length: 24 }, (_, i) => i);
    const losses = namedLosses(terms, targets);
    expect(losses).toMatchObject({ tgt_loss_ce_0: 0, tgt_loss_bbox_0: 10, tgt_loss_giou_0: 5, tgt_loss_ce: 6 });
    expect(losses).toMatchObject({ loss_ce_0: 12, loss_xy_0: 27, loss_hw_0: 31, loss_bbox: 82, loss_giou: 23 });
    expect(Object.keys(losses)).toHaveLength(20);
  });

  it('names only the parts there are', () => {
    const names = (known: number) => Object.keys(namedLosses(new Float32Array(12), { ...targets, known }));
    expect(names(0).every((name) => name.startsWith('loss_'))).toBe(true);
    expect(names(5).every((name) => name.startsWith('tgt_loss_'))).toBe(true);
  });
});

describe('namedErrors', () => {
  it('counts wrong classes and detections', () => {
    const predicted = [1, 1, 5, 5, 5, 1, 2, 5, 1, 4];
    expect(namedErrors(predicted, targets, [2], 5)).toEqual({
      tgt_class_error_0: 50,
      tgt_class_error: 0,
      class_error: 50,
      // None and two queries detect something.
      cardinality_error_0: 2,
      cardinality_error: 0,
    });
  });

  it('is 100 for matching and 0 for known queries where nothing is assigned', () => {
    const none = { ...targets, boxWeights: new Float32Array(10) };
    expect(namedErrors(targets.classes, none, [0], 5)).toMatchObject({ class_error: 100, tgt_class_error: 0 });
  });
});
