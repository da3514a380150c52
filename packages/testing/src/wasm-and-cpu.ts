/** Compares kernels of the WASM backend with those of the cpu backend. */
import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';

type Tensors = tf.Tensor[];

/** Numbers of tensors and of the backend's data, which includes the kernels' intermediates. */
export const counts = (): [tensors: number, data: number] => [tf.memory().numTensors, tf.backend().numDataIds()];

/** Makes every test in a file start on WASM, and fail if it leaves anything behind there. */
export function testOnWasm(): void {
  let before: [number, number];
  beforeAll(() => useBackend('wasm'));
  beforeEach(async () => {
    await tf.setBackend('wasm');
    before = counts();
  });
  afterEach(async () => {
    await tf.setBackend('wasm');
    expect(counts()).toEqual(before);
  });
}

/** Runs `build` on a backend with tensors made there, so that nothing crosses from one backend to the other. */
function evaluate(backend: string, inputs: Tensors, build: (...inputs: Tensors) => Tensors): number[][] {
  const arrays = inputs.map((x) => x.dataSync());
  tf.setBackend(backend);
  const results = tf.tidy(() =>
    build(...inputs.map((x, i) => tf.tensor(arrays[i] as tf.TypedArray, x.shape, x.dtype))).map((y) => [
      ...y.shape,
      ...y.dataSync(),
    ]),
  );
  tf.setBackend('wasm');
  return results;
}

/** Expects the same shapes and numbers from `build` on WASM and on the cpu backend. */
export function expectSame(inputs: Tensors, build: (...inputs: Tensors) => Tensors): void {
  const actual = evaluate('wasm', inputs, build);
  const expected = evaluate('cpu', inputs, build);
  tf.dispose(inputs);
  expect(actual.map((y) => y.length)).toEqual(expected.map((y) => y.length));
  for (const [i, values] of expected.entries()) {
    const scale = Math.max(1, ...values.map(Math.abs).filter(Number.isFinite));
    for (const [j, value] of values.entries()) {
      const other = actual[i]?.[j] ?? Number.NaN;
      if (Object.is(value, other) || Math.abs(value - other) <= 2e-5 * scale) continue;
      throw new Error(`output ${i}, number ${j}: WASM has ${other}, cpu ${value}`);
    }
  }
}

/** The value of f and its gradients with respect to every input, for an uneven dy. */
export const withGradients =
  (f: (...inputs: Tensors) => tf.Tensor) =>
  (...inputs: Tensors): Tensors => {
    const y = f(...inputs);
    const dy = tf.reshape(tf.sin(tf.range(1, y.size + 1)), y.shape);
    return [y, ...tf.grads(f)(inputs, dy)];
  };

export const random = (shape: number[]): tf.Tensor =>
  tf.randomNormal(shape, 0, 1, 'float32', shape.length + tf.util.sizeFromShape(shape));
