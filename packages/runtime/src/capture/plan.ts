/**
 * Cuts a traced graph into runs, at its host calls and wherever a run gets long, and decides what one run hands to the
 * next.
 */
import { type GraphNode, type HostCall, nodeOf, type Trace, type Value } from './graph.ts';

/** One run of the graph's session. */
export interface Run {
  /** Host calls to make before this run. */
  hostCalls: HostCall[];
  /** Values of earlier runs that this one is fed with. */
  carried: Value[];
  /** Values to fetch: outputs, inputs of host calls, and what later runs need. */
  fetched: Value[];
  /** Values of this or earlier runs that nothing needs after it. */
  released: Value[];
}

/** Ops that only look at their first input in another way: computing them again costs nothing. */
const viewOps = new Set(['Reshape', 'ExpandDims', 'Squeeze', 'Identity']);

/**
 * Nodes of a run at most. A session holds all that it was fed until its run ends: in one long run of the backward pass
 * that would be every activation, where shorter ones give them back as they go.
 */
const longestRun = 1000;

/**
 * Plans the runs of a trace. A value that a later run needs is fetched and fed, which shares its memory, and never
 * computed twice; views are taken anew from the value they look at.
 */
export function planRuns(trace: Trace, longest = longestRun): Run[] {
  const nodes = new Map(trace.nodes.map((node) => [node.name, node]));
  const { count, runOf, runAfter } = numberRuns(trace, longest);
  const runs: Run[] = Array.from({ length: count }, () => ({
    hostCalls: [],
    carried: [],
    fetched: [],
    released: [],
  }));
  const fetched = runs.map(() => new Set<Value>());
  const carried = runs.map(() => new Set<Value>());

  /** Makes `value` available to a run. */
  const need = (value: Value, run: number): void => {
    if (value.fed || trace.constants.has(nodeOf(value)) || runOf(value) === run) return;
    const node = nodes.get(nodeOf(value));
    const viewed = node && viewOps.has(node.op) ? trace.values.get(node.inputs[0] as string) : undefined;
    if (viewed) need(viewed, run);
    else {
      fetched[runOf(value)]?.add(value);
      carried[run]?.add(value);
    }
  };

  // What a run computes: the ancestors of what is wanted from it, cut where another run's values come in.
  const wanted = [...trace.outputs, ...trace.hostCalls.flatMap((call) => call.inputs)].filter((value) => !value.fed);
  for (const value of wanted) fetched[runOf(value)]?.add(value);
  const reached = new Set<string>();
  for (let run = count - 1; run >= 0; run--) {
    const queue = [...(fetched[run] ?? [])];
    for (let value = queue.pop(); value; value = queue.pop()) {
      const key = `${run} ${nodeOf(value)}`;
      if (reached.has(key)) continue;
      reached.add(key);
      for (const name of nodes.get(nodeOf(value))?.inputs ?? []) {
        const input = trace.values.get(name) as Value;
        if (runOf(input) === run && !input.fed) queue.push(input);
        else need(input, run);
      }
    }
  }

  for (const call of trace.hostCalls) runs[runAfter(call.stage)]?.hostCalls.push(call);
  runs.forEach((run, i) => {
    run.fetched = [...(fetched[i] ?? [])];
    run.carried = [...(carried[i] ?? [])];
  });
  for (const [value, last] of lastUses(runs)) if (!trace.outputs.includes(value)) runs[last]?.released.push(value);
  return runs;
}

/** Numbers the runs: those of a stage follow each other, in the order in which its nodes were traced. */
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
    /** of what a node computes */
    runOf: (value: Value): number => runOfNode.get(nodeOf(value)) ?? 0,
    /** the first of those that follow as many stages */
    runAfter: (stage: number): number => firstRun[stage] as number,
  };
}

/** The last run that each fetched value takes part in: where it is carried to, or the one before host code reads it. */
function lastUses(runs: readonly Run[]): Map<Value, number> {
  const last = new Map<Value, number>();
  runs.forEach((run, i) => {
    // Host code is called before its run, so what it alone reads could go a little earlier: it is small.
    const used = [...run.carried, ...run.fetched, ...run.hostCalls.flatMap((call) => call.inputs)];
    for (const value of used) if (!value.fed) last.set(value, i);
  });
  return last;
}
