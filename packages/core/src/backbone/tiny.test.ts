import { useBackend } from '@dn-detr/runtime';
import { expectNoLeak, expectSameOp, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { initialParameters } from '../nn/init.ts';
import type { Backbone } from './backbone.ts';
import { tiny } from './tiny.ts';

beforeAll(() => useBackend('cpu'));

const namesAndGroups = (network: Backbone | undefined) =>
  network?.parameters.map(({ name, shape, group }) => [name, shape, group]);

describe('tiny', () => {
  it('names its parameters as a sequence of convolutions, norms and ReLUs', () => {
    const network = tiny({ channels: [8, 16] });
    expect(namesAndGroups(network)).toEqual([
      ['backbone.body.0.weight', [3, 3, 3, 8], 'backbone'],
      ['backbone.body.1.weight', [8], 'backbone'],
      ['backbone.body.1.bias', [8], 'backbone'],
      ['backbone.body.3.weight', [3, 3, 8, 16], 'backbone'],
      ['backbone.body.4.weight', [16], 'backbone'],
      ['backbone.body.4.bias', [16], 'backbone'],
    ]);
  });

  it('has biases instead of norms if requested', () => {
    const { parameters } = tiny({ channels: [4, 5], norm: 'none', prefix: '' });
    expect(parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ['0.weight', [3, 3, 3, 4]],
      ['0.bias', [4]],
      ['2.weight', [3, 3, 4, 5]],
      ['2.bias', [5]],
    ]);
  });

  it('halves the resolution with each convolution, rounding up', () => {
    const network = tiny({ channels: [8, 16, 24] });
    const maps = network.forward(initialParameters(network.parameters, 1), tf.zeros([2, 50, 33, 3]));
    expect(maps.map(({ shape }) => shape)).toEqual([[2, 7, 5, 24]]);
    expect(network.levels).toEqual([{ channels: 24, stride: 8 }]);
  });

  it('returns the requested number of its last maps', () => {
    const network = tiny({ channels: [8, 16, 24], levels: 2 });
    const tensors = initialParameters(network.parameters, 1);
    const images = spread([1, 16, 24, 3]) as tf.Tensor4D;
    const [finer, last] = network.forward(tensors, images) as [tf.Tensor4D, tf.Tensor4D];
    expect(network.levels).toEqual([
      { channels: 16, stride: 4 },
      { channels: 24, stride: 8 },
    ]);
    const [alone] = tiny({ channels: [8, 16, 24] }).forward(tensors, images);
    const [before] = tiny({ channels: [8, 16] }).forward(tensors, images);
    expect(last.dataSync()).toEqual(alone?.dataSync());
    expect(finer.dataSync()).toEqual(before?.dataSync());
  });

  it('can be cut off after a given level', () => {
    const network = tiny({ channels: [8, 16, 24], levels: 2, norm: 'none', prefix: 'x.' }).upTo?.(0);
    const expected = tiny({ channels: [8, 16], norm: 'none', prefix: 'x.' });
    expect(network?.levels).toEqual(expected.levels);
    expect(namesAndGroups(network)).toEqual(namesAndGroups(expected));
  });

  it('pads and strides like PyTorch, with the same gradients', () => {
    const network = tiny({ channels: [4, 5], norm: 'none', prefix: '' });
    const images = spread([2, 6, 7, 3]) as tf.Tensor4D;
    const named = initialParameters(network.parameters, 1);
    const names = Object.keys(named);
    const ours = (...values: tf.Tensor[]) =>
      network.forward(
        Object.fromEntries(names.map((name, i) => [name, values[i] as tf.Tensor])),
        images,
      )[0] as tf.Tensor;
    const plain = (...values: tf.Tensor[]) => {
      const [w0, b0, w2, b2] = values as [tf.Tensor4D, tf.Tensor, tf.Tensor4D, tf.Tensor];
      const layer = (x: tf.Tensor4D, weight: tf.Tensor4D, bias: tf.Tensor) => {
        const padded = tf.pad(x, [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ]);
        return tf.relu(tf.add(tf.conv2d(padded, weight, 2, 'valid'), bias)) as tf.Tensor4D;
      };
      return layer(layer(images, w0, b0), w2, b2);
    };
    expectSameOp(ours, plain, Object.values(named));
    expectNoLeak(ours, Object.values(named));
  });

  it('passes gradients through its norms to every parameter', () => {
    const network = tiny({ channels: [8, 8] });
    const images = spread([2, 8, 8, 3]) as tf.Tensor4D;
    const named = initialParameters(network.parameters, 1);
    const names = Object.keys(named);
    const op = (...values: tf.Tensor[]) =>
      network.forward(
        Object.fromEntries(names.map((name, i) => [name, values[i] as tf.Tensor])),
        images,
      )[0] as tf.Tensor;
    const gradients = tf.grads((...values: tf.Tensor[]) => tf.sum(tf.square(op(...values))))(Object.values(named));
    for (const gradient of gradients) expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBeGreaterThan(1e-4);
    expectNoLeak(op, Object.values(named));
  });

  it('rejects channels that cannot be built', () => {
    expect(() => tiny({ channels: [8, 12] })).toThrow('each a multiple of 8 in channels, got [8,12]');
    expect(() => tiny({ channels: [8, 16], levels: 3 })).toThrow('expected 1 to 2 in levels');
    expect(() => tiny({ channels: [], norm: 'none' })).toThrow('at least one entry in channels, got []');
  });
});
