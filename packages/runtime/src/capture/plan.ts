/**
 * Cuts a traced graph into runs, at its host calls and after a maximal number of nodes, and decides which values each
 * run passes to the next.
 */
import { type GraphNode, type HostCall, nodeOf, type Trace, type Value } from './graph.ts';

/** A run of one part of the graph. */
export interface Run {
  /** Host calls to make before this run. */
  hostCalls: HostCall[];
  /** The nodes that it computes, in the order of the trace. */
  nodes: GraphNode[];
  /** Values that it is fed with: from earlier runs, from host calls, and from outside. */
  inputs: Value[];
  /** Values to fetch: outputs, inputs of host calls, and inputs of later runs. */
  fetched: Value[];
  /** Values of this or earlier runs that are no longer needed after it. */
  released: Value[];
}

/** Ops that only view their input differently: computing them again costs nothing. */
const viewOps = new Set(['Reshape', 'ExpandDims', 'Squeeze', 'Identity']);

/**
 * Plans the runs of a trace. A value that a later run needs is fetched and fed, which shares its memory, and is never
 * computed twice; views are taken again from the value that they view.
 *
 * @param longest largest number of nodes in a run
 */
export function planRuns(trace: Trace, longest: number): Run[] {
  const nodeByName = new Map(trace.nodes.map((node) => [node.name, node]));
  const { count, runOf, runAfter } = numberRuns(trace, longest);
  const runs = Array.from({ length: count }, () => ({
    nodes: new Set<GraphNode>(),
    inputs: new Set<Value>(),
    fetched: new Set<Value>(),
  }));

  /** Makes `value` available to a run that does not compute it. */
  const need = (value: Value, run: number): void => {
    if (trace.constants.has(nodeOf(value))) return;
    const node = nodeByName.get(nodeOf(value));
    if (node && viewOps.has(node.op)) {
      runs[run]?.nodes.add(node);
      for (const name of node.inputs) need(trace.values.get(name) as Value, run);
      return;
    }
    if (!value.fed) runs[runOf(value)]?.fetched.add(value);
    runs[run]?.inputs.add(value);
  };

  // A run computes the ancestors of the values wanted from it, cut where values of other runs come in.
  const wanted = [...trace.outputs, ...trace.hostCalls.flatMap((call) => call.inputs)].filter((value) => !value.fed);
  for (const value of wanted) runs[runOf(value)]?.fetched.add(value);
  for (const [run, { nodes, fetched }] of [...runs.entries()].reverse()) {
    const queue = [...fetched];
    for (let value = queue.pop(); value; value = queue.pop()) {
      const node = nodeByName.get(nodeOf(value));
      if (node === undefined || nodes.has(node)) continue;
      nodes.add(node);
      for (const name of node.inputs) {
        const input = trace.values.get(name) as Value;
        if (runOf(input) === run && !input.fed) queue.push(input);
        else need(input, run);
      }
    }
  }

  const planned = runs.map(
    ({ nodes, inputs, fetched }): Run => ({
      hostCalls: [],
      nodes: trace.nodes.filter((node) => nodes.has(node)),
      inputs: [...inputs],
      fetched: [...fetched],
      released: [],
    }),
  );
  for (const call of trace.hostCalls) planned[runAfter(call.stage)]?.hostCalls.push(call);
  for (const [value, last] of lastUses(planned))
    if (!trace.outputs.includes(value)) planned[last]?.released.push(value);
  return planned;
}

/** Numbers the runs: those of a stage are consecutive, in the order in which its nodes were traced. */
function numberRuns({ nodes, values, hostCalls, outputs }: Trace, longest: number) {
  const stages: GraphNode[][] = [];
  const stageOf = (node: GraphNode): number => values.get(`${node.name}:0`)?.stage ?? 0;
  for (const node of nodes) {
    const stage = stageOf(node);
    stages[stage] ??= [];
    stages[stage].push(node);
  }
  const stageCount = 1 + Math.max(0, ...[...outputs, ...hostCalls].map(({ stage }) => stage));
  const firstRun: number[] = [];
  const runOfNode = new Map<string, number>();
  let count = 0;
  for (let stage = 0; stage < stageCount; stage++) {
    firstRun.push(count);
    const members = stages[stage] ?? [];
    const runs = Math.max(1, Math.ceil(members.length / longest));
    members.forEach(({ name }, i) => {
      runOfNode.set(name, count + Math.floor((i * runs) / members.length));
    });
    count += runs;
  }
  return {
    count,
    /** The run that computes a value. */
    runOf: (value: Value): number => runOfNode.get(nodeOf(value)) ?? 0,
    /** The first run of a stage. */
    runAfter: (stage: number): number => firstRun[stage] as number,
  };
}

/**
 * The last run in which each fetched value takes part: the last one that it is fed to, or the one before which host
 * code reads it.
 */
function lastUses(runs: readonly Run[]): Map<Value, number> {
  const last = new Map<Value, number>();
  runs.forEach((run, i) => {
    // Host code is called before its run, so values that only host code reads could be released slightly earlier; they
    // are small.
    const used = [...run.inputs, ...run.fetched, ...run.hostCalls.flatMap((call) => call.inputs)];
    for (const value of used) if (!value.fed) last.set(value, i);
  });
  return last;
}
