import { describe, expect, it } from 'vitest';
import { byName } from './figures.ts';
import { errorFigures, lossFigures } from './metrics.ts';
import type { LossTargets } from './targets.ts';
import { boxL1Loss, criterionPresets } from './terms.ts';

/** Two layers of one image, K = 2, Q = 3; class 5 is "no object". */
const targets: LossTargets = {
  set: 'decoder',
  layers: 2,
  batch: 1,
  known: 2,
  total: 5,
  classes: Int32Array.of(1, 2, 1, 5, 2, 1, 2, 5, 1, 2),
  boxes: new Float32Array(40),
  classWeights: new Float32Array(10).fill(1),
  boxWeights: Float32Array.of(1, 1, 1, 0, 1, 1, 1, 0, 1, 1),
};

const terms = criterionPresets.dnDetr;

describe('lossFigures', () => {
  it('uses the names of the reference', () => {
    const sums = Array.from({ length: 24 }, (_, i) => i);
    const losses = byName(lossFigures(sums, terms, targets));
    expect(losses).toMatchObject({ tgt_loss_ce_0: 0, tgt_loss_bbox_0: 10, tgt_loss_giou_0: 5, tgt_loss_ce: 6 });
    expect(losses).toMatchObject({ loss_ce_0: 12, loss_xy_0: 27, loss_hw_0: 31, loss_bbox: 82, loss_giou: 23 });
    expect(Object.keys(losses)).toHaveLength(20);
  });

  it('gives the meaning of each name', () => {
    const figures = lossFigures(new Float32Array(24), terms, targets);
    const meaning = (name: string) => figures.find((figure) => figure.name === name);
    expect(meaning('tgt_loss_xy_0')).toEqual({
      ...{ name: 'tgt_loss_xy_0', quantity: 'loss_xy', kind: 'part' },
      ...{ set: 'decoder', known: true, layer: 0, last: false, value: 0 },
    });
    expect(meaning('loss_bbox')).toMatchObject({ quantity: 'loss_bbox', kind: 'term', known: false, last: true });
  });

  it("distinguishes the figures of an encoder's predictions", () => {
    const encoder: LossTargets = { ...targets, set: 'encoder', layers: 1, known: 0 };
    const names = lossFigures(new Float32Array(6), terms, encoder).map(({ name }) => name);
    expect(names).toEqual(['loss_ce_enc', 'loss_xy_enc', 'loss_hw_enc', 'loss_bbox_enc', 'loss_giou_enc']);
    expect(errorFigures(targets.classes, encoder, [2], 5).map(({ name }) => name)).toEqual(['cardinality_error_enc']);
  });

  it('names only the parts that exist', () => {
    const known = (known: number) => lossFigures(new Float32Array(12), terms, { ...targets, known });
    expect(known(0).some((figure) => figure.known)).toBe(false);
    expect(known(5).every((figure) => figure.known)).toBe(true);
  });

  it('reads the columns of other terms in their order', () => {
    const area = { ...boxL1Loss({ weight: 1 }), name: 'area', columns: ['width', 'height'] };
    const sums = Array.from({ length: 24 }, (_, i) => i);
    const losses = byName(lossFigures(sums, [area, boxL1Loss({ weight: 1 })], targets));
    expect(losses).toMatchObject({ loss_width: 18, loss_height: 19, loss_area: 37, loss_xy: 41, loss_hw: 45 });
  });
});

describe('errorFigures', () => {
  it('counts wrong classes and detections', () => {
    const predicted = [1, 1, 5, 5, 5, 1, 2, 5, 1, 4];
    expect(byName(errorFigures(predicted, targets, [2], 5))).toEqual({
      tgt_class_error_0: 50,
      tgt_class_error: 0,
      class_error: 50,
      // In the two layers, none and two queries are detections.
      cardinality_error_0: 2,
      cardinality_error: 0,
    });
  });

  it('is 100 for matching and 0 for known queries if none is assigned to an object', () => {
    const none = { ...targets, boxWeights: new Float32Array(10) };
    const errors = byName(errorFigures(targets.classes, none, [0], 5));
    expect(errors).toMatchObject({ class_error: 100, tgt_class_error: 0 });
  });
});
