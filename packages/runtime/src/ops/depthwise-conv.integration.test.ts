import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../backend.ts';
import { capture } from '../capture/capture.ts';
import { findNative } from '../native/find.ts';
import { hashByThreads } from '../testing/hash-by-threads.ts';

const native = await findNative();
const { addon } = native;
const ops = native.addon && native.ops.file;

const name = 'DnDepthwiseConv';

const numbers = (shape: number[], seed: number): tf.Tensor =>
  tf.tensor(
    Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin((i + seed) ** 2)),
    shape,
  );

interface Inputs extends tf.NamedTensorMap {
  x: tf.Tensor;
  filter: tf.Tensor;
  dy: tf.Tensor;
}

function inputsOf(image: number[], size: number[], stride: number): Inputs {
  const [batch, height, width, channels] = image as [number, number, number, number];
  const dy = [batch, Math.ceil(height / stride), Math.ceil(width / stride), channels];
  return { x: numbers(image, 0), filter: numbers([...size, 1, channels], 1), dy: numbers(dy, 2) };
}

/** Output, gradient of x, gradient of filter. */
const run = ({ x, filter, dy }: Inputs, stride: number[]): tf.Tensor[] => [
  tf.engine().runKernel<tf.Tensor>(name, { x, filter }, { stride }),
  ...tf.engine().runKernel<tf.Tensor[]>(`${name}Grad`, { x, filter, dy }, { stride }),
];

function composed({ x, filter, dy }: Inputs, stride: number): tf.Tensor[] {
  const convolve = (image: tf.Tensor, kernel: tf.Tensor): tf.Tensor => {
    const [height, width, , channels] = kernel.shape as [number, number, number, number];
    const swapped = tf.reshape<tf.Rank.R4>(kernel, [height, width, channels, 1]);
    return tf.depthwiseConv2d(image as tf.Tensor4D, swapped, stride, 'same');
  };
  const { value, grads } = tf.valueAndGrads(convolve)([x, filter], dy);
  return [value, ...grads];
}

function expectSame(found: tf.Tensor[], expected: tf.Tensor[]): void {
  found.forEach((tensor, i) => {
    const other = expected[i] as tf.Tensor;
    expect(tensor.shape).toEqual(other.shape);
    const [ours, theirs] = [tensor.dataSync(), other.dataSync()];
    const scale = Math.max(1, ...[...theirs].map(Math.abs));
    ours.forEach((value, j) => {
      if (!(Math.abs(value - (theirs[j] as number)) <= 1e-5 * scale)) {
        throw new Error(`result ${i}, number ${j}: expected ${theirs[j]}, found ${value}`);
      }
    });
  });
}

const images = [
  [1, 1, 1, 16],
  [1, 1, 1, 3],
  [2, 2, 1, 33],
  [1, 4, 6, 7],
  [2, 7, 9, 20],
  [3, 8, 10, 48],
  [1, 5, 71, 16],
  [2, 33, 38, 19],
];
const kernels = [
  [3, 3],
  [5, 5],
  [1, 1],
  [2, 2],
  [4, 4],
  [7, 7],
  [3, 5],
];

describe.skipIf(ops === undefined)(name, () => {
  beforeAll(async () => {
    await useBackend('tensorflow');
  });

  it.each(images)('gives the same as the composed op, for images [%i, %i, %i, %i]', (...image) => {
    for (const size of kernels) {
      for (const stride of [1, 2]) {
        const inputs = inputsOf(image, size, stride);
        expectSame(run(inputs, [stride]), composed(inputs, stride));
      }
    }
  });

  it('gives the same numbers in a captured graph', () => {
    const inputs = inputsOf([2, 7, 9, 20], [3, 3], 2);
    const captured = capture((given: Inputs) => run(given, [2]).map((tensor) => tf.add(tensor, 0)));
    for (let call = 0; call < 2; call++) expectSame(captured(inputs), run(inputs, [2]));
    expect(captured.stats).toMatchObject({ captures: 1, replays: 1, eager: 0 });
    captured.dispose();
  });

  it('rejects inputs that it cannot compute', () => {
    const good = inputsOf([1, 4, 4, 3], [3, 3], 1);
    expect(() => run({ ...good, x: numbers([4, 4, 3], 0) }, [1])).toThrow(/DnDepthwiseConv: expected x \[B, H, W, C\]/);
    for (const filter of [
      [3, 3, 1, 4],
      [3, 3, 3, 1],
      [0, 3, 1, 3],
    ]) {
      expect(() => run({ ...good, filter: numbers(filter, 0) }, [1])).toThrow(/the filter does not fit/);
    }
    expect(() => run({ ...good, filter: numbers([3, 3, 3], 0) }, [1])).toThrow(/filter \[k, k, 1, C\]/);
    for (const stride of [[0], [-1], [1, 1], []]) expect(() => run(good, stride)).toThrow(/stride must be one number/);
    expect(() => run(good, [2])).toThrow(/expected dy \[1, 2, 2, 3\]; found \[1, 4, 4, 3\]/);
  });

  it.each([[[0, 4, 4, 3]], [[1, 0, 4, 3]], [[1, 4, 0, 3]], [[1, 4, 4, 0]]])('accepts empty images: %j', (image) => {
    const inputs = inputsOf(image, [3, 3], 2);
    const results = run(inputs, [2]);
    expect(results.map(({ shape }) => shape)).toEqual([inputs.dy, inputs.x, inputs.filter].map(({ shape }) => shape));
    for (const result of results) expect(result.dataSync().every((number) => number === 0)).toBe(true);
  });

  it('does not depend on the number of threads', () => {
    const hashes = hashByThreads({ addon: addon as string, ops: ops as string }, hashed);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(hashes).size).toBe(1);
  });
});

const hashed = `
for (const stride of [1, 2]) {
  const attributes = [{ name: 'stride', type: binding.TF_ATTR_INT, value: [stride] }];
  const inputs = [tensor(2, 30, 42, 37), tensor(5, 5, 1, 37)];
  results.push(
    ...binding.executeOp('${name}', attributes, inputs, 1),
    ...binding.executeOp('${name}Grad', attributes, [...inputs, tensor(2, 30 / stride, 42 / stride, 37)], 2),
  );
}
`;
