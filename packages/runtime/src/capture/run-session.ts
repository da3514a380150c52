/** Runs of a trace in a TensorFlow session, which the stock addon of tfjs-node has: the graph comes as a SavedModel. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { NativeBinding, NativeTensor } from '../native/binding.ts';
import { encodeSavedModel, nodeOf, placeholderNode, servingTag, type Trace, type Value } from './graph.ts';
import type { Run } from './plan.ts';
import type { Runner } from './runner.ts';

/**
 * Nodes of a session's run at most. A session holds all that it was fed until its run ends: in one long run of the backward
 * pass that would be every activation, where shorter ones give them back as they go. Functions take no less memory in
 * shorter runs.
 */
export const longestSessionRun = 1000;

export class SessionRunner implements Runner {
  readonly #binding: NativeBinding;
  readonly #session: number;
  readonly inputs: readonly Value[][];
  /** Values that each run returns. */
  readonly #fetched: readonly string[];

  /** @throws Error with TensorFlow's words when the graph cannot be loaded. */
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
 * A run is fed with all that has come from outside, needed or not: TensorFlow may compute what it is fed with once more, from
 * what that was computed of (two transpositions of an input are the input to it).
 */
function inputsOf({ inputs, closures }: Trace, runs: readonly Run[]): Value[][] {
  const outside = [...inputs, ...closures.map(({ value }) => value)];
  return runs.map((run) => {
    outside.push(...run.hostCalls.flatMap((call) => call.outputs));
    return [...outside, ...run.inputs.filter((value) => !value.fed)];
  });
}
