/**
 * Parts of models. Each is one object that declares its parameters and computes with them, so the two cannot disagree.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ParameterDeclaration } from './init.ts';
import { type NamedTensors, namedTensor } from './named.ts';

/** A part of a model that has parameters. */
export interface Module<Input, Output> {
  /** The parameters that `apply` reads, in the order of the reference's state_dict. */
  readonly parameters: readonly ParameterDeclaration[];
  /**
   * Computes the part's output. It keeps no state and reads no value, so it can be part of a captured step.
   *
   * @param tensors the declared parameters by name; any others are ignored
   * @throws Error naming a parameter that is missing
   */
  apply(tensors: NamedTensors, input: Input): Output;
}

/** A single parameter as a module without an input: the leaf from which the other modules are built. */
export function parameter<T extends Tensor>(declaration: ParameterDeclaration): Module<void, T> {
  return { parameters: [declaration], apply: (tensors) => namedTensor<T>(tensors, declaration.name) };
}

/** Chains modules: each takes the output of the previous one. */
export function inSequence<T>(modules: readonly Module<T, T>[]): Module<T, T> {
  return {
    parameters: parametersOf(...modules),
    apply: (tensors, input) => modules.reduce((x, module) => module.apply(tensors, x), input),
  };
}

/** The parameters of several modules, one module after another; `undefined` is a module that a model leaves out. */
export function parametersOf(
  ...modules: readonly (Pick<Module<never, unknown>, 'parameters'> | undefined)[]
): ParameterDeclaration[] {
  return modules.flatMap((module) => module?.parameters ?? []);
}
