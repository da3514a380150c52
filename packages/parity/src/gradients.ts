/** Values and gradients of functions of named tensors, as plain arrays for comparison. */
import type { NamedTensors } from '@dn-detr/core';
import { addN, mul, sum, type Tensor, tensor, tidy, valueAndGrads } from '@tensorflow/tfjs-core';
import type { Computed } from './check.ts';
import { type Fixture, storedName, tensorOf } from './fixture.ts';

/** The tensor of a case and key, as float32. */
export function loadTensor(fixture: Fixture, caseName: string, key: string): Tensor {
  const { data, shape } = tensorOf(fixture, caseName, key);
  return tensor(Float32Array.from(data as ArrayLike<number>), [...shape], 'float32');
}

/** Every tensor of a case whose key begins with `prefix`, by the rest of the key. */
export function loadTensors(fixture: Fixture, caseName: string, prefix: string): NamedTensors {
  const start = storedName(caseName, prefix);
  const names = [...fixture.tensors.keys()].filter((name) => name.startsWith(start));
  return Object.fromEntries(
    names.map((name) => [name.slice(start.length), loadTensor(fixture, caseName, prefix + name.slice(start.length))]),
  );
}

/** Reads the values of a tensor and disposes it. */
export function take(values: Tensor): Computed {
  const computed = { values: values.dataSync<'float32'>(), shape: values.shape };
  values.dispose();
  return computed;
}

/**
 * Computes a function and its gradients with respect to all inputs.

 * @param f function of `inputs`
 * @param cotangent of the value; omit it for a scalar
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

/**
 * The outputs of a case, and those gradients of its inputs (`in.*`) and weights (`w.*`) that are stored as `gin.*` and
 * `gw.*`. They are the gradients of the sum of output times cotangent, over all outputs with a cotangent.
 *
 * @param compute returns outputs by key, which begins with `out`; the cotangent of `out.hs` is `cot.hs`
 */
export function outputsAndGradients(
  fixture: Fixture,
  caseName: string,
  compute: (inputs: NamedTensors, weights: NamedTensors) => Readonly<Record<string, Tensor>>,
): Record<string, Computed> {
  const stored = {
    ...withPrefix(loadTensors(fixture, caseName, 'in.'), 'in.'),
    ...withPrefix(loadTensors(fixture, caseName, 'w.'), 'w.'),
  };
  const run = (tensors: NamedTensors) => compute(withoutPrefix(tensors, 'in.'), withoutPrefix(tensors, 'w.'));
  const outputs = Object.fromEntries(Object.entries(run(stored)).map(([key, value]) => [key, take(value.clone())]));
  const has = (key: string): boolean => fixture.tensors.has(storedName(caseName, key));
  const wanted = Object.fromEntries(Object.entries(stored).filter(([key]) => has(`g${key}`)));
  const cotangentOf = (key: string): string => key.replace(/^out/, 'cot');
  const weighed = Object.keys(outputs).filter((key) => has(cotangentOf(key)));
  if (Object.keys(wanted).length === 0 || weighed.length === 0) return outputs;
  const { grads } = valueAndNamedGrads((changed) => {
    const values = run({ ...stored, ...changed });
    const cotangents = weighed.map((key) => loadTensor(fixture, caseName, cotangentOf(key)));
    return addN(weighed.map((key, i) => sum(mul(values[key] as Tensor, cotangents[i] as Tensor))));
  }, wanted);
  for (const [key, gradient] of Object.entries(grads)) outputs[`g${key}`] = take(gradient);
  return outputs;
}

/** The tensors, with `prefix` before their names. */
export const withPrefix = (tensors: NamedTensors, prefix: string): NamedTensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, value]) => [prefix + name, value]));

/** The tensors whose names begin with `prefix`, without it. */
const withoutPrefix = (tensors: NamedTensors, prefix: string): NamedTensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );

/** Runs a check's computation and frees every tensor that it created. */
export function withoutLeak<T>(run: () => T): T {
  let result!: T;
  // The result is not returned through tidy, which would search its typed arrays for tensors.
  tidy(() => {
    result = run();
  });
  return result;
}
