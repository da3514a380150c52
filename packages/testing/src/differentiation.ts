/** Expectations for ops with hand-written gradients. */
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** A function of tensors, to be differentiated with respect to all of them. */
export type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Repeatable numbers in -1..1; a different seed gives different numbers. */
export function spread(shape: number[], seed = 0): tf.Tensor {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const values = Float32Array.from(
    { length: size },
    (_, i) => 2 * Math.sin((i + 1) * 12.9898 + seed * 78.233) ** 2 - 1,
  );
  return tf.tensor(values, shape);
}

/** Expects the same value from both and, for an uneven gradient of the value, the same gradients of all inputs. */
export function expectSameOp(ours: Op, plain: Op, inputs: tf.Tensor[], tolerance = 2e-6): void {
  const [value, ...grads] = valueAndGrads(ours, inputs);
  const [plainValue, ...plainGrads] = valueAndGrads(plain, inputs);
  expectClose(value as tf.Tensor, plainValue as tf.Tensor, tolerance);
  expect(grads.length).toBe(inputs.length);
  grads.forEach((grad, i) => {
    expectClose(grad, plainGrads[i] as tf.Tensor, 10 * tolerance);
  });
}

/**
 * Expects the gradients to agree with central differences of the value along a direction through all inputs.
 *
 * @param step large because of float32's rounding; smaller where the op has kinks nearby
 */
export function expectDerivative(op: Op, inputs: tf.Tensor[], step = 1e-2, tolerance = 2e-3): void {
  const directions = inputs.map((input, i) => spread(input.shape, 100 + i));
  const [value, ...grads] = valueAndGrads(op, inputs);
  const dy = gradientOfValue((value as tf.Tensor).shape);
  const along = grads.reduce((total, grad, i) => total + dot(grad, directions[i] as tf.Tensor), 0);
  const at = (t: number): number =>
    dot(op(...inputs.map((input, i) => tf.add(input, tf.mul(directions[i] as tf.Tensor, t)))), dy);
  const slope = (at(step) - at(-step)) / (2 * step);
  expect(Math.abs(slope - along)).toBeLessThan(tolerance * Math.max(1, Math.abs(along)));
}

/** Expects that computing value and gradients leaves only the results behind. */
export function expectNoLeak(op: Op, inputs: tf.Tensor[]): void {
  const before = tf.memory().numTensors;
  tf.dispose(tf.tidy(() => valueAndGrads(op, inputs)));
  expect(tf.memory().numTensors).toBe(before);
}

/** Names of the kernels of forward and backward, without identities, which cost nothing. */
export async function kernelsOf(op: Op, inputs: tf.Tensor[]): Promise<string[]> {
  const dy = gradientOfValue(tf.tidy(() => op(...inputs)).shape);
  // This is a tensor container, although its type does not say so.
  const run = () => tf.valueAndGrads(op)(inputs, dy) as unknown as tf.TensorContainer;
  const { kernels } = await tf.profile(() => tf.tidy(run));
  // A custom gradient is listed under the scope it runs in, in addition to the kernels inside it.
  const others = ['', 'forward', 'backward', 'Identity'];
  return kernels.map(({ name }) => name).filter((name) => !others.includes(name));
}

/** Expects |actual - expected| <= tolerance × max(1, largest |expected|). */
export function expectClose(actual: tf.Tensor, expected: tf.Tensor, tolerance: number): void {
  expect(actual.shape).toEqual(expected.shape);
  const scale = Math.max(1, tf.max(tf.abs(expected)).dataSync()[0] ?? 0);
  expect(tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0]).toBeLessThanOrEqual(tolerance * scale);
}

/** The value, then the gradient of each input. */
export function valueAndGrads(op: Op, inputs: tf.Tensor[]): tf.Tensor[] {
  const { value, grads } = tf.valueAndGrads(op)(inputs, gradientOfValue(tf.tidy(() => op(...inputs)).shape));
  return [value, ...grads];
}

/** An uneven gradient, so that a result cannot be right by symmetry; 1 for a scalar. */
function gradientOfValue(shape: number[]): tf.Tensor {
  return shape.length === 0 ? tf.scalar(1) : spread(shape, 50);
}

function dot(a: tf.Tensor, b: tf.Tensor): number {
  return tf.sum(tf.mul(a, b)).dataSync()[0] ?? Number.NaN;
}
