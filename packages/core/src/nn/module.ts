/** Parts of models: what a part declares and what it computes are one object, so that the two cannot disagree. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ParameterDeclaration } from './init.ts';
import { type NamedTensors, namedTensor } from './named.ts';

/** A part of a model that has parameters. */
export interface Module<Input, Output> {
  /** Parameters that `apply` reads from the tensors, in the order of the reference's state_dict. */
  readonly parameters: readonly ParameterDeclaration[];
  /**
   * Computes the part's output. It keeps no state and reads no value, so that it can stand in a captured step.
   *
   * @param tensors the declared parameters by name, and any others
   * @throws Error naming a parameter that is missing
   */
  apply(tensors: NamedTensors, input: Input): Output;
}

/** A single parameter as a module without an input: the leaf that the other modules are made of. */
export function parameter<T extends Tensor>(declaration: ParameterDeclaration): Module<void, T> {
  return { parameters: [declaration], apply: (tensors) => namedTensor<T>(tensors, declaration.name) };
}

/** Modules of which each takes what the one before gives. */
export function inSequence<T>(modules: readonly Module<T, T>[]): Module<T, T> {
  return {
    parameters: parametersOf(...modules),
    apply: (tensors, input) => modules.reduce((x, module) => module.apply(tensors, x), input),
  };
}

/** The parameters of several modules, one module after the other; `undefined` stands for one that a model leaves out. */
export function parametersOf(
  ...modules: readonly (Pick<Module<never, unknown>, 'parameters'> | undefined)[]
): ParameterDeclaration[] {
  return modules.flatMap((module) => module?.parameters ?? []);
}
