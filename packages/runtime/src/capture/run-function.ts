/**
 * Executes the runs of a trace as TensorFlow functions, which only this package's own addon can create: each is an op
 * of the context.
 */
import type { NativeTensor, OwnBinding } from '../native/binding.ts';
import { type Constant, encodeGraph, nodeOf, placeholderNode, type Trace, type Value } from './graph.ts';
import type { Run } from './plan.ts';
import type { Runner } from './runner.ts';

/** Counts the functions of the process, to name them. */
let functionCount = 0;

export class FunctionRunner implements Runner {
  readonly #binding: OwnBinding;
  readonly inputs: readonly Value[][];
  /** The op of each run and the number of its outputs; undefined if a run has no outputs. */
  readonly #functions: ({ name: string; outputs: number } | undefined)[] = [];

  /**
   * Creates the functions.
   *
   * @throws Error with TensorFlow's message if one cannot be created
   */
  constructor(binding: OwnBinding, trace: Trace, runs: readonly Run[]) {
    this.#binding = binding;
    this.inputs = runs.map((run) => run.inputs);
    try {
      for (const run of runs) this.#functions.push(run.fetched.length > 0 ? this.#add(trace, run) : undefined);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  execute(run: number, ids: number[]): NativeTensor[] {
    const { name, outputs } = this.#functions[run] as { name: string; outputs: number };
    return this.#binding.executeOp(name, [], ids, outputs);
  }

  dispose(): void {
    for (const added of this.#functions.splice(0)) if (added) this.#binding.removeFunction(added.name);
  }

  /** Adds the function of a run. Values computed by earlier runs come in through placeholders, like all its inputs. */
  #add({ constants }: Trace, { nodes, inputs, fetched }: Run): { name: string; outputs: number } {
    const own = new Map(inputs.map((value) => [value.name, value.name.replace(':', '_')]));
    const placeholders = inputs.map((value) => placeholderNode(this.#binding, own.get(value.name) as string, value));
    const renamed = nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map((input) => (own.has(input) ? `${own.get(input)}:0` : input)),
    }));
    const used = new Map<string, Constant>();
    for (const name of [...nodes.flatMap((node) => node.inputs), ...fetched.map((value) => value.name)]) {
      const node = nodeOf({ name });
      const constant = constants.get(node);
      if (constant) used.set(node, constant);
    }
    const name = `captured${functionCount++}`;
    this.#binding.addFunction(
      encodeGraph(this.#binding, [...placeholders, ...renamed], used),
      name,
      placeholders.map((placeholder) => `${placeholder.name}:0`),
      fetched.map((value) => value.name),
    );
    return { name, outputs: fetched.length };
  }
}
