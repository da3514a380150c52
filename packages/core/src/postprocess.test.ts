import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { focalDetections, softmaxDetections } from './postprocess.ts';

const near = (values: number[]) => values.map((value) => expect.closeTo(value, 5));

// Predictions for two images, with two queries and three classes.
const predictions = {
  logits: Float32Array.of(0, 2, 1, 3, 3, 5, -1, 0, 0, 9, 8, 7),
  boxes: Float32Array.of(0.5, 0.5, 1, 1, 0.25, 0.5, 0.5, 0.2, 0.5, 0.5, 0.5, 0.5, 0.1, 0.2, 0.2, 0.4),
};
const sizes = [
  { height: 10, width: 20 },
  { height: 100, width: 50 },
];

describe('softmaxDetections', () => {
  it('gives every query its best class other than the last', () => {
    const [first, second] = softmaxDetections(predictions, sizes);
    const softmax = (own: number, row: number[]) => Math.exp(own) / row.reduce((sum, x) => sum + Math.exp(x), 0);
    expect([...(first?.labels ?? [])]).toEqual([1, 0]);
    expect([...(first?.scores ?? [])]).toEqual(near([softmax(2, [0, 2, 1]), softmax(3, [3, 3, 5])]));
    expect([...(first?.boxes ?? [])]).toEqual(near([0, 0, 20, 10, 0, 4, 10, 6]));
    expect([...(second?.labels ?? [])]).toEqual([1, 0]);
    expect([...(second?.boxes ?? [])]).toEqual(near([12.5, 25, 37.5, 75, 0, 0, 10, 40]));
  });

  it('stays finite for large logits', () => {
    const [found] = softmaxDetections({ logits: Float32Array.of(1000, -1000), boxes: new Float32Array(4) }, [
      sizes[0] as never,
    ]);
    expect([...(found?.scores ?? [])]).toEqual([1]);
    const [lost] = softmaxDetections({ logits: Float32Array.of(-1000, 1000), boxes: new Float32Array(4) }, [
      sizes[0] as never,
    ]);
    expect([...(lost?.scores ?? [])]).toEqual([0]);
  });
});

describe('focalDetections', () => {
  it('gives the best scores over all queries and classes', () => {
    const [first] = focalDetections(predictions, sizes, 3);
    expect([...(first?.labels ?? [])]).toEqual([2, 0, 1]);
    expect([...(first?.scores ?? [])]).toEqual(near([5, 3, 3].map((x) => 1 / (1 + Math.exp(-x)))));
    expect([...(first?.boxes ?? [])]).toEqual(near([0, 4, 10, 6, 0, 4, 10, 6, 0, 4, 10, 6]));
  });

  it('selects the same detections as a full sort, with equal scores in order', () => {
    const logits = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(logits, fc.integer({ min: 1, max: 250 }), (logits, count) => {
        const boxes = new Float32Array(4);
        const [found] = focalDetections({ logits: Float32Array.from(logits), boxes }, [{ height: 1, width: 1 }], count);
        const sorted = logits.map((_, i) => i).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
        expect([...(found?.labels ?? [])]).toEqual(sorted.slice(0, count));
      }),
    );
  });
});

describe('unusable predictions', () => {
  it('are rejected with a message that says where the fault is', () => {
    expect(() => softmaxDetections(predictions, [...sizes, ...sizes, ...sizes])).toThrow(
      '12 logits [B, Q, numLogits] and 16 box numbers [B, Q, 4] do not fit 6 images',
    );
    const logits = predictions.logits.slice();
    logits[10] = Number.NaN;
    expect(() => focalDetections({ ...predictions, logits }, sizes)).toThrow('image 1, query 1: NaN in logits');
  });
});
