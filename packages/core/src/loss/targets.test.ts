import type { DenseTargets } from '@dn-detr/boxes';
import { describe, expect, it } from 'vitest';
import { knownCounts, matchingCounts, mergeTargets } from './targets.ts';
import type { LossTerm } from './term.ts';
import { criterionPresets, softmaxLoss } from './terms.ts';

/** Query n has class `classes[n]`, where 9 is "no object" and -1 padding, and a box of four times n + 1. */
function dense(classes: number[], normalizer: number): DenseTargets {
  const isObject = (label: number) => label >= 0 && label < 9;
  return {
    classes: Int32Array.from(classes, (label) => (label < 0 ? 9 : label)),
    boxes: Float32Array.from(classes.flatMap((label, n) => Array(4).fill(isObject(label) ? n + 1 : 0))),
    classWeights: Float32Array.from(classes, (label) => (label < 0 ? 0 : 1)),
    boxWeights: Float32Array.from(classes, (label) => (isObject(label) ? 1 : 0)),
    normalizer,
  };
}

const { detr: softmax, dnDetr: focal } = criterionPresets;

// Two layers of two images: K = 2, Q = 3.
const known = dense([4, 9, 5, -1], 2);
const matching = dense([1, 9, 9, 9, 9, 2, 9, 1, 9, 2, 9, 9], 4);
const merge = (terms: readonly LossTerm[]) => mergeTargets({ known, matching }, { layers: 2, batch: 2, terms });

const close = (values: number[]) => values.map((value) => expect.closeTo(value, 6));

describe('mergeTargets', () => {
  it('puts known before matching queries in every layer and image', () => {
    const merged = merge(focal);
    expect(merged).toMatchObject({ set: 'decoder', layers: 2, batch: 2, known: 2, total: 5 });
    expect([...merged.classes]).toEqual([4, 9, 1, 9, 9, 5, 9, 9, 9, 2, 4, 9, 9, 1, 9, 5, 9, 2, 9, 9]);
    const firsts = [...merged.boxes].filter((_, i) => i % 4 === 3);
    expect(firsts).toEqual([1, 0, 1, 0, 0, 3, 0, 0, 0, 6, 1, 0, 0, 8, 0, 3, 0, 10, 0, 0]);
  });

  it('divides by the normalisers for the focal loss', () => {
    const { classWeights, boxWeights } = merge(focal);
    expect([...classWeights.subarray(0, 10)]).toEqual([0.5, 0.5, 0.25, 0.25, 0.25, 0.5, 0, 0.25, 0.25, 0.25]);
    expect([...boxWeights.subarray(0, 10)]).toEqual([0.5, 0, 0.25, 0, 0, 0.5, 0, 0, 0, 0.25]);
  });

  it("divides by a layer's sum of weights for the softmax cross entropy", () => {
    const { classWeights, boxWeights } = merge(softmax);
    const [knownSum, matchingSum] = [2 + 0.1, 2 + 4 * 0.1];
    const [object, background] = [1 / matchingSum, 0.1 / matchingSum];
    expect([...classWeights.subarray(0, 10)]).toEqual(
      close([
        1 / knownSum,
        0.1 / knownSum,
        object,
        background,
        background,
        1 / knownSum,
        0,
        background,
        background,
        object,
      ]),
    );
    expect([...boxWeights]).toEqual([...merge(focal).boxWeights]);
    const sum = (from: number) => classWeights.slice(from, from + 10).reduce((sum, weight) => sum + weight, 0);
    expect([sum(0), sum(10)]).toEqual(close([2, 2]));
  });

  it('accepts one part only, or an empty one', () => {
    const options = { layers: 2, batch: 2, terms: focal };
    expect(mergeTargets({ matching }, options)).toMatchObject({ known: 0, total: 3, classes: matching.classes });
    expect(mergeTargets({ matching, known: dense([], 0) }, options)).toEqual(mergeTargets({ matching }, options));
    expect(mergeTargets({ known }, options)).toMatchObject({ known: 2, total: 2 });
  });

  it('gives weight 0 where there is nothing to learn', () => {
    const padding = dense([-1, -1, -1, -1], 1);
    const undivided = dense([9, 9, 9, -1], 0);
    for (const terms of [focal, softmax]) {
      for (const known of [padding, undivided]) {
        const merged = mergeTargets({ known }, { layers: 2, batch: 2, terms });
        expect([...merged.classWeights, ...merged.boxWeights]).toEqual(Array(16).fill(0));
      }
    }
  });

  it('rejects two ways of normalising class weights', () => {
    const twice = [...softmax, { ...softmaxLoss({ eosCoef: 0.5, weight: 1 }), name: 'other' }];
    expect(() => merge(twice)).toThrow('the loss terms ce, other all say how class weights are normalised');
  });

  it('names the arrays that do not fit', () => {
    const options = { layers: 2, batch: 3, terms: focal };
    expect(() => mergeTargets({ known }, options)).toThrow(
      'known targets [B, K]: classes, boxes / 4 and weights are [4,4,4,4] long, expected a multiple of 3',
    );
    expect(() => mergeTargets({ matching: { ...matching, boxes: known.boxes } }, { ...options, batch: 2 })).toThrow(
      'matching targets [L, B, Q]: classes, boxes / 4 and weights are [12,4,12,12]',
    );
  });
});

describe('counts', () => {
  it('of matching queries follow from the numbers of objects', () => {
    expect(matchingCounts([1, 1], 3)).toEqual({ objects: 2, background: 4, normalizer: 2 });
    expect(matchingCounts([5, 0], 3)).toEqual({ objects: 3, background: 3, normalizer: 5 });
    expect(matchingCounts([0], 3)).toEqual({ objects: 0, background: 3, normalizer: 1 });
  });

  it('of known queries add up over micro-batches', () => {
    expect(knownCounts([known, dense([7, 7, -1, -1], 2)])).toEqual({ objects: 4, background: 1, normalizer: 4 });
    expect(knownCounts([])).toEqual({ objects: 0, background: 0, normalizer: 0 });
  });
});
