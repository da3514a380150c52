import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { valueAndFlatGrads } from '../nn/gradients.ts';
import { ParameterLayout } from '../nn/parameters.ts';
import { accumulate, zeroFlats } from './accumulate.ts';
import { clipByGlobalNorm, globalNorm } from './clip.ts';
import { emaStep } from './ema.ts';
import { multiStep } from './schedule.ts';

beforeAll(() => useBackend('cpu'));

const values = (flats: readonly tf.Tensor[]) => flats.map((flat) => [...flat.dataSync()]);

describe('clipByGlobalNorm', () => {
  const grads = () => [tf.tensor1d([3, 0]), tf.tensor1d([0, 0, 4])];

  it('scales all groups by one factor when the norm over all is too large', () => {
    const { grads: clipped, norm } = clipByGlobalNorm(grads(), 0.5);
    expect(norm.dataSync()[0]).toBe(5);
    expect((globalNorm(clipped).dataSync()[0] as number) / (0.5 * (5 / (5 + 1e-6)))).toBeCloseTo(1, 6);
    const [first, second] = values(clipped) as [number[], number[]];
    expect((second[2] as number) / (first[0] as number)).toBeCloseTo(4 / 3, 6);
  });

  it('leaves smaller gradients as they are', () => {
    expect(values(clipByGlobalNorm(grads(), 6).grads)).toEqual(values(grads()));
  });

  it('returns a NaN norm for a NaN gradient', () => {
    expect(clipByGlobalNorm([tf.tensor1d([1, Number.NaN])], 1).norm.dataSync()[0]).toBeNaN();
  });

  it('leaves no tensor behind and rejects a norm that is not above 0', () => {
    const inputs = grads();
    const before = tf.memory().numTensors;
    tf.dispose(clipByGlobalNorm(inputs, 1));
    expect(tf.memory().numTensors).toBe(before);
    expect(() => clipByGlobalNorm(inputs, 0)).toThrow('above 0, got 0');
  });
});

describe('emaStep', () => {
  it('moves the average towards the parameters, with a number or a tensor as decay', () => {
    const average = [tf.tensor1d([1, 2])];
    const params = [tf.tensor1d([3, -2])];
    const before = tf.memory().numTensors;
    const moved = emaStep(average, params, 0.75);
    expect(tf.memory().numTensors - before).toBe(1);
    expect(values(moved)).toEqual([[1.5, 1]]);
    expect(values(emaStep(average, params, tf.scalar(0.75)))).toEqual([[1.5, 1]]);
  });

  it('rejects other groups and a decay outside 0..1', () => {
    expect(() => emaStep([tf.tensor1d([1])], [], 0.5)).toThrow('1 groups, the parameters have 0');
    expect(() => emaStep([], [], 1.5)).toThrow('0..1, got 1.5');
  });
});

describe('accumulate', () => {
  it('over micro-batches equals one large batch if the loss is normalised by that batch', () => {
    const layout = new ParameterLayout([
      { name: 'weight', shape: [3], group: 'rest' },
      { name: 'bias', shape: [1], group: 'backbone' },
    ]);
    const flats = [tf.tensor1d([0.5, -1, 2]), tf.tensor1d([0.25])];
    const rows = Array.from({ length: 12 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(3 * i)]);
    const gradients = (batch: number[][]) =>
      valueAndFlatGrads(layout, flats, ({ weight, bias }) => {
        const out = tf.add(tf.dot(tf.tensor2d(batch), weight as tf.Tensor1D), bias);
        return { loss: tf.div<tf.Scalar>(tf.sum(tf.square(tf.sigmoid(out))), rows.length) };
      }).grads;
    let total = zeroFlats(layout);
    for (let i = 0; i < rows.length; i += 4) total = accumulate(total, gradients(rows.slice(i, i + 4)));
    const whole = values(gradients(rows)).flat();
    values(total)
      .flat()
      .forEach((value, i) => {
        expect(value).toBeCloseTo(whole[i] as number, 6);
      });
  });

  it('rejects other groups', () => {
    expect(() => accumulate([tf.tensor1d([1])], [])).toThrow('1 groups, the gradients have 0');
  });
});

describe('multiStep', () => {
  it('drops at every milestone, counted from 0', () => {
    expect([0, 19, 20, 29, 30, 99].map((step) => multiStep(step, [20, 30]))).toEqual([
      1,
      1,
      0.1,
      0.1,
      0.1 ** 2,
      0.1 ** 2,
    ]);
  });
});
