/** PyTorch's initialisers for parameters. The random numbers of each parameter are independent of the others. */
import { fill, randomNormal, randomUniform, type Tensor } from '@tensorflow/tfjs-core';
import type { NamedTensors } from './named.ts';
import type { ParameterSpec } from './parameters.ts';

/** Makes the initial values of a parameter of the given shape. The same seed gives the same values. */
export type Init = (shape: readonly number[], seed: number) => Tensor;

/** A parameter and its initialiser. */
export interface ParameterDeclaration<Name extends string = string> extends ParameterSpec<Name> {
  readonly init: Init;
  /** Name of the parameter that this one starts as a copy of: both draw the same numbers. */
  readonly copyOf?: string;
}

/** Fills the parameter with `value`. */
export const constant =
  (value: number): Init =>
  (shape) =>
    fill([...shape], value);

/** Uniform distribution over −bound..bound. */
export const uniform =
  (bound: number): Init =>
  (shape, seed) =>
    randomUniform([...shape], -bound, bound, 'float32', seed);

/** Normal distribution around 0. */
export const normal =
  (deviation: number): Init =>
  (shape, seed) =>
    randomNormal([...shape], 0, deviation, 'float32', seed);

/** `torch.nn.init.xavier_uniform_` of a matrix `[out, in]`: uniform within √(6 / (in + out)). */
export const xavierUniform: Init = (shape, seed) => {
  const [outputs, inputs] = shape as [number, number];
  return uniform(Math.sqrt(6 / (inputs + outputs)))(shape, seed);
};

/** `xavierUniform` for a convolution's kernel, stored as `[k, k, in, out]`: uniform within √(6 / (k² in + k² out)). */
export const xavierUniformKernel: Init = (shape, seed) => {
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  return uniform(Math.sqrt(6 / (height * width * (inputs + outputs))))(shape, seed);
};

/** PyTorch's default for weights and biases of linear layers and convolutions: uniform within 1 / √fanIn. */
export const fanInUniform = (fanIn: number): Init => uniform(1 / Math.sqrt(fanIn));

/**
 * The initial values of declared parameters, by name. They depend only on the seed and the name, so two models that
 * share a parameter start from the same values, whatever other parameters they have.
 */
export function initialParameters(declarations: readonly ParameterDeclaration[], seed: number): NamedTensors {
  return Object.fromEntries(
    declarations.map(({ name, shape, init, copyOf = name }) => [name, init(shape, seedOf(copyOf, seed))]),
  );
}

/** FNV-1a hash of the name, starting from the seed. Never 0, which tfjs takes as "no seed". */
function seedOf(name: string, seed: number): number {
  let hash = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0 || 1;
}
