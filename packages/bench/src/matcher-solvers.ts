/** The process in which `bench matcher` times solvers, so that one that takes too long can be stopped. */
import { linearSumAssignment } from '@dn-detr/matcher';
import munkres from 'munkres';

/** Solvers that run in JavaScript. munkres-js is called through our own package, which gives it its best orientation. */
export type SolverName = 'ours' | 'munkresJs' | 'munkres';

export interface TimingRequest {
  readonly solver: SolverName;
  readonly rows: number;
  readonly cols: number;
  readonly cost: Float64Array;
  readonly runs: number;
}

export interface Timing {
  /** Milliseconds of each run. */
  readonly ms: readonly number[];
  /** Total cost of the assignment. */
  readonly total: number;
}

/** Prepares a solver outside the timing; the returned function solves the matrix once. */
type Prepare = (request: TimingRequest) => () => { readonly pairs: Iterable<readonly [row: number, col: number]> };

const solvers: Readonly<Record<SolverName, Prepare>> = {
  ours: ({ rows, cols, cost }) => {
    const count = Math.min(rows, cols);
    const out = { rows: new Int32Array(count), cols: new Int32Array(count) };
    return () => {
      linearSumAssignment(cost, rows, cols, { out });
      return { pairs: pairsOf(out) };
    };
  },
  munkresJs: ({ rows, cols, cost }) => {
    return () => ({ pairs: pairsOf(linearSumAssignment(cost, rows, cols, { solver: 'munkres' })) });
  },
  munkres: ({ rows, cols, cost }) => {
    const matrix = Array.from({ length: rows }, (_, row) => Array.from(cost.subarray(row * cols, (row + 1) * cols)));
    return () => ({ pairs: munkres(matrix) });
  },
};

function* pairsOf({ rows, cols }: { rows: Int32Array; cols: Int32Array }): Generator<[number, number]> {
  for (const [k, row] of rows.entries()) yield [row, cols[k] as number];
}

process.on('message', (request: TimingRequest) => {
  const solve = solvers[request.solver](request);
  const ms: number[] = [];
  let total = 0;
  for (let run = 0; run < request.runs; run++) {
    const started = performance.now();
    const { pairs } = solve();
    ms.push(performance.now() - started);
    if (run > 0) continue;
    for (const [row, col] of pairs) total += request.cost[row * request.cols + col] as number;
  }
  process.send?.({ ms, total } satisfies Timing);
});
