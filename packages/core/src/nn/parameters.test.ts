import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ParameterLayout } from './parameters.ts';

const layout = new ParameterLayout([
  { name: 'head.weight', shape: [2, 3], group: 'rest' },
  { name: 'conv.weight', shape: [2, 2], group: 'backbone' },
  { name: 'head.bias', shape: [2], group: 'rest' },
  { name: 'scale', shape: [], group: 'rest' },
  { name: 'empty', shape: [0, 4], group: 'rest' },
]);

beforeAll(() => useBackend('cpu'));

const named = () => ({
  'head.weight': tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]),
  'conv.weight': tf.tensor2d([10, 20, 30, 40], [2, 2]),
  'head.bias': tf.tensor1d([7, 8]),
  scale: tf.scalar(9),
  empty: tf.zeros([0, 4]),
});

describe('ParameterLayout', () => {
  it('places parameters one after another in each group', () => {
    expect(layout.groups.map(({ name, size }) => [name, size])).toEqual([
      ['rest', 9],
      ['backbone', 4],
    ]);
    expect(layout.parameters.map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ['head.weight', 0, 6],
      ['head.bias', 6, 2],
      ['scale', 8, 1],
      ['empty', 9, 0],
      ['conv.weight', 0, 4],
    ]);
    expect(layout.parameter('head.bias').group).toBe('rest');
    expect(() => layout.parameter('tail')).toThrow("no parameter 'tail'");
  });

  it('flattens row by row and gives the same tensors back', () => {
    const flats = layout.flatten(named());
    expect(flats.map((flat) => [...flat.dataSync()])).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
      [10, 20, 30, 40],
    ]);
    const back = layout.unflatten(flats);
    for (const [name, tensor] of Object.entries(named())) {
      const found = back[name as keyof typeof back];
      expect(found.shape).toEqual(tensor.shape);
      expect([...found.dataSync()]).toEqual([...tensor.dataSync()]);
    }
  });

  it('sends gradients back through one concatenation per group, and no slice', async () => {
    const flats = layout.flatten(named());
    const loss = (...buffers: tf.Tensor[]) => {
      const pieces = layout.unflatten(buffers as tf.Tensor1D[]);
      return tf.addN(Object.values(pieces).map((piece) => tf.sum(tf.square(piece)))) as tf.Scalar;
    };
    const { kernels } = await tf.profile(() => tf.grads(loss)(flats));
    const count = (name: string) => kernels.filter((kernel) => kernel.name === name).length;
    // The second group is a single parameter, which needs neither op.
    expect([count('SplitV'), count('Concat'), count('Slice'), count('PadV2')]).toEqual([1, 1, 0, 0]);
    const grads = tf.grads(loss)(flats);
    expect(grads.map((gradient) => [...gradient.dataSync()])).toEqual(
      flats.map((flat) => [...flat.dataSync()].map((value) => 2 * value)),
    );
  });

  it('leaves no tensor behind', () => {
    const inputs = named();
    const before = tf.memory().numTensors;
    const flats = layout.flatten(inputs);
    expect(tf.memory().numTensors - before).toBe(2);
    const pieces = layout.unflatten(flats);
    expect(tf.memory().numTensors - before).toBe(2 + 5);
    tf.dispose([flats, pieces]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('may have no parameters, like the frozen ones of a model that trains everything', () => {
    const none = new ParameterLayout([]);
    expect([none.groups, none.flatten({}), none.unflatten([])]).toEqual([[], [], {}]);
  });

  it('rejects a name given twice and an invalid shape', () => {
    const twice = [
      { name: 'a', shape: [2], group: 'rest' },
      { name: 'a', shape: [3], group: 'frozen' },
    ];
    expect(() => new ParameterLayout(twice)).toThrow("two parameters are called 'a' ([2] in 'rest', [3] in 'frozen')");
    expect(() => new ParameterLayout([{ name: 'a', shape: [1.5], group: 'rest' }])).toThrow('whole and >= 0');
  });

  it('names everything that does not fit when flattening', () => {
    const { scale: _, ...rest } = named();
    const wrong = { ...rest, 'head.bias': tf.tensor1d([1, 2, 3]), tail: tf.scalar(1) };
    expect(() => layout.flatten(wrong as unknown as ReturnType<typeof named>)).toThrow(
      'missing: scale; not in the layout: tail; ' +
        'of another shape: head.bias (expected float32 [2], got float32 [3])',
    );
  });

  it('names the group whose buffer does not fit', () => {
    expect(() => layout.unflatten([tf.zeros([9])])).toThrow('one flat buffer per group (2: rest, backbone), got 1');
    expect(() => layout.unflatten([tf.zeros([9]), tf.zeros([5])])).toThrow(
      "group 'backbone' needs a float32 buffer of [4], got float32 [5]",
    );
  });
});
