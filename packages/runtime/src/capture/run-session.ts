/**
 * Executes the runs of a trace in a TensorFlow session, which the stock addon of tfjs-node supports: the graph is
 * loaded as a SavedModel.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { NativeBinding, NativeTensor } from '../native/binding.ts';
import { encodeSavedModel, nodeOf, placeholderNode, servingTag, type Trace, type Value } from './graph.ts';
import type { Run } from './plan.ts';
import type { Runner } from './runner.ts';

/**
 * Largest number of nodes in a session's run. A session keeps everything that it was fed with until its run ends: in
 * one long run of the backward pass that would be every activation, whereas shorter runs free them along the way.
 * Functions do not need less memory in shorter runs.
 */
export const longestSessionRun = 1000;

export class SessionRunner implements Runner {
  readonly #binding: NativeBinding;
  readonly #session: number;
  readonly inputs: readonly Value[][];
  /** Names of the values that each run fetches, separated by commas. */
  readonly #fetched: readonly string[];

  /**
   * Loads the graph.
   *
   * @throws Error with TensorFlow's message if that fails
   */
  constructor(binding: NativeBinding, trace: Trace, runs: readonly Run[]) {
    this.#binding = binding;
    this.inputs = inputsOf(trace, runs);
    this.#fetched = runs.map(({ fetched }) => namesOf(fetched));
    const fed = [...trace.values.values()].filter((value) => value.fed);
    const nodes = [...fed.map((value) => placeholderNode(binding, nodeOf(value), value)), ...trace.nodes];
    const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-graph-'));
    try {
      writeFileSync(path.join(folder, 'saved_model.pb'), encodeSavedModel(binding, nodes, trace.constants));
      this.#session = binding.loadSavedModel(folder, servingTag);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  execute(run: number, ids: number[]): NativeTensor[] {
    const inputs = namesOf(this.inputs[run] as Value[]);
    return this.#binding.runSavedModel(this.#session, ids, inputs, this.#fetched[run] as string);
  }

  dispose(): void {
    this.#binding.deleteSavedModel(this.#session);
  }
}

const namesOf = (values: readonly Value[]): string => values.map(({ name }) => name).join(',');

/**
 * The inputs of each run. A run is fed with all values from outside, whether it needs them or not, because TensorFlow
 * may compute a value that it is fed with a second time, from the value that it was computed from (two transpositions
 * of an input are the input itself).
 */
function inputsOf({ inputs, closures }: Trace, runs: readonly Run[]): Value[][] {
  const outside = [...inputs, ...closures.map(({ value }) => value)];
  return runs.map((run) => {
    outside.push(...run.hostCalls.flatMap((call) => call.outputs));
    return [...outside, ...run.inputs.filter((value) => !value.fed)];
  });
}
