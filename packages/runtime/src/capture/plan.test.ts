import { describe, expect, it } from 'vitest';
import type { Trace, Value } from './graph.ts';
import { planRuns, type Run } from './plan.ts';
import { flatten } from './tree.ts';

/** A trace of `x → n0 → n1 (a view) → host → h`, then `n2 = n0 * h`, and the output `n3 = n1 + n2`. */
function cutTrace(): { trace: Trace; value: (name: string) => Value } {
  const values = new Map<string, Value>();
  const add = (name: string, fed: boolean, stage: number): Value => {
    const value = { name, fed, stage, shape: [2], dtype: 1 };
    values.set(name, value);
    return value;
  };
  const [x, n0, n1, h] = [add('x:0', true, 0), add('n0:0', false, 0), add('n1:0', false, 0), add('h:0', true, 1)];
  add('n2:0', false, 1);
  const n3 = add('n3:0', false, 1);
  const node = (name: string, op: string, inputs: string[]) => ({ name, op, inputs, attributes: [] });
  const trace: Trace = {
    nodes: [
      node('n0', 'MatMul', [x.name]),
      node('n1', 'Reshape', [n0.name]),
      node('n2', 'Mul', [n0.name, h.name]),
      node('n3', 'Add', [n1.name, 'n2:0']),
    ],
    values,
    constants: new Map(),
    inputs: [x],
    hostInputs: [],
    closures: [],
    hostCalls: [{ inputs: [n1], hostInputs: [], outputs: [h], hostOutputs: [], code: () => flatten([], ''), stage: 1 }],
    outputs: [n3],
    hostOutputs: [],
  };
  return { trace, value: (name) => values.get(name) as Value };
}

describe('planRuns', () => {
  it('fetches values that a later run needs, and takes views again', () => {
    const { trace, value } = cutTrace();
    const runs = planRuns(trace, Infinity);
    const namesOf = ({ nodes }: Run): string[] => nodes.map(({ name }) => name);
    expect(runs.map(namesOf)).toEqual([
      ['n0', 'n1'],
      ['n1', 'n2', 'n3'],
    ]);
    expect(runs.map((run) => run.fetched)).toEqual([[value('n1:0'), value('n0:0')], [value('n3:0')]]);
    expect(runs.map((run) => run.inputs)).toEqual([[value('x:0')], [value('n0:0'), value('h:0')]]);
    expect(runs.map((run) => run.hostCalls.length)).toEqual([0, 1]);
  });

  it('releases fetched values after the last run that needs them, but not the outputs', () => {
    const { trace, value } = cutTrace();
    expect(planRuns(trace, Infinity).map((run) => run.released)).toEqual([[], [value('n1:0'), value('n0:0')]]);
    trace.outputs.push(value('n0:0'));
    expect(planRuns(trace, Infinity).map((run) => run.released)).toEqual([[], [value('n1:0')]]);
  });

  it('cuts a long run in the order in which its nodes were traced', () => {
    const { trace, value } = cutTrace();
    const runs = planRuns(trace, 1);
    // n0; n1, which host code reads; n2; n3.
    expect(runs.map((run) => run.hostCalls.length)).toEqual([0, 0, 1, 0]);
    expect(runs.map((run) => run.fetched)).toEqual([
      [value('n0:0')],
      [value('n1:0')],
      [value('n2:0')],
      [value('n3:0')],
    ]);
    expect(runs.map((run) => run.inputs)).toEqual([
      [value('x:0')],
      [value('n0:0')],
      [value('n0:0'), value('h:0')],
      [value('n0:0'), value('n2:0')],
    ]);
    expect(runs.map((run) => run.released)).toEqual([[], [], [value('n1:0')], [value('n0:0'), value('n2:0')]]);
  });

  it('runs nothing for fed values', () => {
    const { trace, value } = cutTrace();
    trace.outputs = [value('x:0')];
    trace.hostCalls = [];
    expect(planRuns(trace, Infinity)).toEqual([{ hostCalls: [], nodes: [], inputs: [], fetched: [], released: [] }]);
  });
});
