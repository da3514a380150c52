/** Values and gradients of functions of named tensors, as plain arrays to compare. */
import type { NamedTensors } from '@dn-detr/core';
import { type Tensor, tensor, tidy, valueAndGrads } from '@tensorflow/tfjs-core';
import type { Computed } from './check.ts';
import { type Fixture, storedName, tensorOf } from './fixture.ts';

/** The tensor of a case and key, as float32. */
export function loadTensor(fixture: Fixture, caseName: string, key: string): Tensor {
  const { data, shape } = tensorOf(fixture, caseName, key);
  return tensor(Float32Array.from(data as ArrayLike<number>), [...shape], 'float32');
}

/** Every tensor of a case whose key begins with `prefix`, by the rest of its key. */
export function loadTensors(fixture: Fixture, caseName: string, prefix: string): NamedTensors {
  const start = storedName(caseName, prefix);
  const names = [...fixture.tensors.keys()].filter((name) => name.startsWith(start));
  return Object.fromEntries(
    names.map((name) => [name.slice(start.length), loadTensor(fixture, caseName, prefix + name.slice(start.length))]),
  );
}

/** The same by their whole keys. */
export function loadPrefixed(fixture: Fixture, caseName: string, prefix: string): NamedTensors {
  const tensors = Object.entries(loadTensors(fixture, caseName, prefix));
  return Object.fromEntries(tensors.map(([name, tensor]) => [prefix + name, tensor]));
}

/** Reads a tensor's values and disposes it. */
export function take(values: Tensor): Computed {
  const computed = { values: values.dataSync<'float32'>(), shape: values.shape };
  values.dispose();
  return computed;
}

/**
 * @param f is differentiated with respect to all of `inputs`
 * @param cotangent of its value; left out for a scalar
 */
export function valueAndNamedGrads(
  f: (inputs: NamedTensors) => Tensor,
  inputs: NamedTensors,
  cotangent?: Tensor,
): { value: Tensor; grads: NamedTensors } {
  const names = Object.keys(inputs);
  const { value, grads } = valueAndGrads((...tensors: Tensor[]) =>
    f(Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]))),
  )(Object.values(inputs), cotangent);
  return { value, grads: Object.fromEntries(names.map((name, i) => [name, grads[i] as Tensor])) };
}

/** Runs a check's computation and frees every tensor it made. */
export function withoutLeak<T>(run: () => T): T {
  let result!: T;
  // Not the result of the tidy: that would look through its typed arrays for tensors.
  tidy(() => {
    result = run();
  });
  return result;
}
