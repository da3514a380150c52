import { expect, it } from 'vitest';
import { mostOps, summarize } from './step-profile.ts';

const op = (name: string, start: number, end: number) => ({ op: name, start, end });

/** Two runs: 8 ms in which two ops overlap and nothing runs for one, and 2 ms of one op, 3 ms later. */
const runs = [[op('MatMul', 0, 4), op('Add', 2, 6), op('MatMul', 3, 5), op('Mul', 7, 8)], [op('Add', 11, 13)]];

it('separates the times of ops, gaps and the host, and sums ops by type', () => {
  const { ops, ...times } = summarize([{ ms: 20, runs }]);
  expect(times).toEqual({ ms: 20, busy: 9, gaps: 1, host: 10, opMs: 13 });
  expect(ops).toEqual([
    { op: 'MatMul', ms: 6, share: 6 / 13, count: 2 },
    { op: 'Add', ms: 6, share: 6 / 13, count: 2 },
    { op: 'Mul', ms: 1, share: 1 / 13, count: 1 },
  ]);
});

it('averages the middle half of the steps', () => {
  const steps = [100, 30, 1, 20].map((ms) => ({ ms, runs: [[op('Add', 0, ms / 2)]] }));
  expect(summarize(steps)).toEqual({
    ms: 25,
    busy: 12.5,
    gaps: 0,
    host: 12.5,
    opMs: 12.5,
    ops: [{ op: 'Add', ms: 12.5, share: 1, count: 1 }],
  });
});

it('lists the types that take longest', () => {
  const many = Array.from({ length: mostOps + 5 }, (_, i) => op(`Op${i}`, 0, 1 + i));
  const { ops, opMs } = summarize([{ ms: 100, runs: [many] }]);
  expect(ops).toHaveLength(mostOps);
  expect([ops[0]?.op, ops.at(-1)?.op]).toEqual(['Op24', 'Op5']);
  expect(opMs).toBe((25 * 26) / 2);
});
