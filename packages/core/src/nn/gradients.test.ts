import { hostValue, readHostValue, useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { valueAndFlatGrads } from './gradients.ts';
import { ParameterLayout } from './parameters.ts';

const layout = new ParameterLayout([
  { name: 'weight', shape: [3, 2], group: 'rest' },
  { name: 'unused', shape: [2, 2], group: 'rest' },
  { name: 'bias', shape: [2], group: 'rest' },
  { name: 'scale', shape: [2], group: 'backbone' },
]);

beforeAll(() => useBackend('cpu'));

const start = () => [tf.tensor1d([0.3, -0.2, 0.5, 0.1, -0.4, 0.7, 9, 9, 9, 9, 0.2, -0.1]), tf.tensor1d([1.5, -0.5])];
const x = [0.2, -0.6, 1, 0.4, 0.9, -0.3];

type Parameters = Record<'weight' | 'unused' | 'bias' | 'scale', tf.Tensor>;
const loss = ({ weight, bias, scale }: Parameters, batch: tf.Tensor2D) => {
  const prediction = tf.tanh(tf.add(tf.matMul(batch, weight as tf.Tensor2D), bias));
  return {
    loss: tf.sum(tf.square(tf.mul(prediction, scale))) as tf.Scalar,
    aux: { prediction, batch, tag: hostValue('kept') },
  };
};

describe('valueAndFlatGrads', () => {
  it('agrees with finite differences in every element, and is zero for an unused parameter', () => {
    const batch = tf.tensor2d(x, [2, 3]);
    const { grads } = valueAndFlatGrads(layout, start(), (p) => loss(p, batch));
    const step = 1e-2;
    grads.forEach((gradient, group) => {
      gradient.dataSync().forEach((value, element) => {
        const at = (change: number) => {
          const flats = start().map((flat) => flat.dataSync().slice());
          (flats[group] as Float32Array)[element] = ((flats[group] as Float32Array)[element] as number) + change;
          const pieces = layout.unflatten(flats.map((flat) => tf.tensor1d(flat)));
          return loss(pieces, batch).loss.dataSync()[0] as number;
        };
        // Richardson: float32 differences of a larger step, with the error of second order removed.
        const slope = (h: number) => (at(h) - at(-h)) / (2 * h);
        expect(value).toBeCloseTo((4 * slope(step) - slope(2 * step)) / 3, 3);
      });
    });
    expect([...(grads[0] as tf.Tensor1D).dataSync()].slice(6, 10)).toEqual([0, 0, 0, 0]);
  });

  it('returns the loss and nested auxiliary tensors, and keeps nothing else', () => {
    const batch = tf.tensor2d(x, [2, 3]);
    const flats = start();
    const before = tf.memory().numTensors;
    const result = valueAndFlatGrads(layout, flats, (p) => loss(p, batch));
    expect(tf.memory().numTensors - before).toBe(1 + 2 + 2);
    const expected = loss(layout.unflatten(flats), batch);
    expect(result.loss.dataSync()).toEqual(expected.loss.dataSync());
    expect(result.aux.prediction.dataSync()).toEqual(expected.aux.prediction.dataSync());
    expect(readHostValue(result.aux.tag)).toBe('kept');
    result.aux.batch.dispose();
    expect(batch.isDisposed).toBe(false);
  });

  it('frees its results with the scope of the caller', () => {
    const batch = tf.tensor2d(x, [2, 3]);
    const flats = start();
    const before = tf.memory().numTensors;
    tf.tidy(() => void valueAndFlatGrads(layout, flats, (p) => loss(p, batch)));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('works without auxiliary tensors and with one used group', () => {
    const result = valueAndFlatGrads(layout, start(), ({ scale }) => ({ loss: tf.sum(scale) as tf.Scalar }));
    expect(result.aux).toBeUndefined();
    expect(result.grads.map((gradient) => [...gradient.dataSync()])).toEqual([new Array(12).fill(0), [1, 1]]);
  });

  it('rejects a loss that is not a scalar or depends on no parameter', () => {
    const vector = ({ bias }: Parameters) => ({ loss: bias as unknown as tf.Scalar });
    expect(() => valueAndFlatGrads(layout, start(), vector)).toThrow('must be a scalar, got shape [2]');
    expect(() => valueAndFlatGrads(layout, start(), () => ({ loss: tf.scalar(1) }))).toThrow('none of the parameters');
  });
});
