/** Cuts a traced graph at its host calls into runs, and decides what one run hands to the next. */
import { type HostCall, nodeOf, type Trace, type Value } from './graph.ts';

/** One run of the graph's session: everything that can be computed once `stage` runs have ended. */
export interface Run {
  /** Host calls to make before this run. */
  hostCalls: HostCall[];
  /** Values of earlier runs that this one is fed with. */
  carried: Value[];
  /** Values to fetch: outputs, inputs of host calls, and what later runs need. */
  fetched: Value[];
}

/** Ops that only look at their first input in another way: computing them again costs nothing. */
const viewOps = new Set(['Reshape', 'ExpandDims', 'Squeeze', 'Identity']);

/**
 * Plans the runs of a trace. A value that a later run needs is fetched and fed, which shares its memory, and never
 * computed twice; views are taken anew from the value they look at.
 */
export function planRuns(trace: Trace): Run[] {
  const nodes = new Map(trace.nodes.map((node) => [node.name, node]));
  const lastStage = Math.max(
    0,
    ...trace.outputs.map((output) => output.stage),
    ...trace.hostCalls.map((call) => call.stage),
  );
  const runs: Run[] = Array.from({ length: lastStage + 1 }, () => ({ hostCalls: [], carried: [], fetched: [] }));
  const fetched = runs.map(() => new Set<Value>());
  const carried = runs.map(() => new Set<Value>());

  /** Makes `value` available to run `stage`. */
  const need = (value: Value, stage: number): void => {
    if (value.fed || trace.constants.has(nodeOf(value)) || value.stage === stage) return;
    const node = nodes.get(nodeOf(value));
    const viewed = node && viewOps.has(node.op) ? trace.values.get(node.inputs[0] as string) : undefined;
    if (viewed) need(viewed, stage);
    else {
      fetched[value.stage]?.add(value);
      carried[stage]?.add(value);
    }
  };

  // What a run computes: the ancestors of what is wanted from it, cut where another run's values come in.
  const wanted = [...trace.outputs, ...trace.hostCalls.flatMap((call) => call.inputs)].filter((value) => !value.fed);
  for (const value of wanted) fetched[value.stage]?.add(value);
  const reached = new Set<string>();
  for (let stage = lastStage; stage >= 0; stage--) {
    const queue = [...(fetched[stage] ?? [])];
    for (let value = queue.pop(); value; value = queue.pop()) {
      const key = `${stage} ${nodeOf(value)}`;
      if (reached.has(key)) continue;
      reached.add(key);
      for (const name of nodes.get(nodeOf(value))?.inputs ?? []) {
        const input = trace.values.get(name) as Value;
        if (input.stage === stage && !input.fed) queue.push(input);
        else need(input, stage);
      }
    }
  }

  for (const call of trace.hostCalls) runs[call.stage]?.hostCalls.push(call);
  runs.forEach((run, stage) => {
    run.fetched = [...(fetched[stage] ?? [])];
    run.carried = [...(carried[stage] ?? [])];
  });
  return runs;
}
