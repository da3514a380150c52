/**
 * The rectangular linear assignment problem: `linearSumAssignment`. The solver is our own because matching runs for
 * every image and decoder layer of a step. Of the npm packages, munkres 2.0.4 takes 1.2 to 2.4 times as long and
 * munkres-js 1.2.2 up to thousands of times (see the table in the README), and both allocate new arrays in every call.
 */
import { AssignmentError } from './assignment-error.ts';
import type { BlockedRows } from './blocked-rows.ts';
import { assignRows } from './jonker-volgenant.ts';
import { assignRowsByMunkres } from './munkres.ts';

/** The `min(rows, cols)` pairs of a row and a column: pair k is `rows[k]`, `cols[k]`, with ascending rows. */
export interface Assignment {
  readonly rows: Int32Array;
  readonly cols: Int32Array;
}

/** The algorithm: shortest augmenting paths after Jonker and Volgenant (the default), or munkres-js. */
export type AssignmentSolver = keyof typeof solvers;

/** Options of an assignment. */
export interface AssignmentOptions {
  /** Whether to find the highest total instead of the lowest. @defaultValue false */
  readonly maximize?: boolean;
  /** The algorithm. @defaultValue 'jonker-volgenant' */
  readonly solver?: AssignmentSolver;
  /** Receives the pairs, in arrays of length `min(rows, cols)` or longer; new arrays are made if left out. */
  readonly out?: Assignment;
}

const solvers = { 'jonker-volgenant': assignRows, munkres: assignRowsByMunkres } as const;

// The matrix with the shorter side as rows, and its solution. They grow to the largest problem so far and are reused.
let oriented = new Float64Array(0);
let columnOf = new Int32Array(0);
let colOfRow = new Int32Array(0);

/**
 * Pairs rows with columns so that the sum of the pairs' costs is lowest. Each row and column occurs at most once, and
 * there are `min(rows, cols)` pairs. The result is exact in float64 arithmetic, like that of
 * `scipy.optimize.linear_sum_assignment`. The same input always gives the same pairs, even if several assignments are
 * optimal.
 *
 * The default solver keeps its workspace between calls: with `out`, a call allocates nothing once a problem of the same
 * size has been solved.
 *
 * @param cost `[rows, cols]` row-major, not changed; +Infinity (with `maximize`: -Infinity) forbids a pair
 * @returns `out`, or new arrays; empty if there are no rows or no columns
 * @throws AssignmentError if an entry is NaN or -Infinity (with `maximize`: +Infinity), or if too many pairs are
 *   forbidden; also if costs above 1e300 in magnitude make differences overflow
 * @throws RangeError if a length does not fit or the solver does not exist
 */
export function linearSumAssignment(
  cost: Float32Array | Float64Array,
  rows: number,
  cols: number,
  { maximize = false, solver = 'jonker-volgenant', out }: AssignmentOptions = {},
): Assignment {
  const isTransposed = rows > cols;
  const n = isTransposed ? cols : rows;
  const m = isTransposed ? rows : cols;
  const pairs = out ?? { rows: new Int32Array(n), cols: new Int32Array(n) };
  checkLengths(cost, rows, cols, pairs);
  if (!Object.hasOwn(solvers, solver)) {
    throw new RangeError(`expected the solver ${Object.keys(solvers).map(quoted).join(' or ')}, got ${quoted(solver)}`);
  }
  if (n === 0) return pairs;

  if (oriented.length < n * m) oriented = new Float64Array(n * m);
  if (columnOf.length < n) columnOf = new Int32Array(n);
  const isValid = isTransposed ? transpose(cost, rows, cols, maximize) : copy(cost, rows * cols, maximize);
  if (!isValid) throw invalidEntry(cost, cols, maximize);
  const blocked = solvers[solver](oriented, n, m, columnOf);
  if (blocked !== undefined) throw tooLarge(cost, cols) ?? infeasible(blocked, isTransposed, maximize);

  // Pairs are ordered by row, which in a transposed problem is the longer side.
  const { rows: pairedRows, cols: pairedCols } = pairs;
  if (isTransposed) {
    if (colOfRow.length < m) colOfRow = new Int32Array(m);
    colOfRow.fill(-1, 0, m);
    for (let col = 0; col < n; col++) colOfRow[columnOf[col] as number] = col;
    for (let row = 0, k = 0; k < n; row++) {
      const col = colOfRow[row] as number;
      if (col < 0) continue;
      pairedRows[k] = row;
      pairedCols[k++] = col;
    }
  } else {
    for (let row = 0; row < n; row++) {
      pairedRows[row] = row;
      pairedCols[row] = columnOf[row] as number;
    }
  }
  return pairs;
}

const quoted = (name: string): string => `'${name}'`;

/**
 * Copies the matrix into `oriented`, negated to maximise; returns false at the first entry that is NaN or infinitely
 * good.
 */
function copy(cost: Float32Array | Float64Array, length: number, maximize: boolean): boolean {
  const target = oriented;
  const sign = maximize ? -1 : 1;
  for (let e = 0; e < length; e++) {
    const c = sign * (cost[e] as number);
    if (!(c > Number.NEGATIVE_INFINITY)) return false;
    target[e] = c;
  }
  return true;
}

/** Like `copy`, but transposes: `oriented` becomes `[cols, rows]`. */
function transpose(cost: Float32Array | Float64Array, rows: number, cols: number, maximize: boolean): boolean {
  const target = oriented;
  const sign = maximize ? -1 : 1;
  // Four rows at a time, so that four neighbours are written at once: nearly twice as fast for a matrix larger than the
  // cache.
  const tail = rows & 3;
  for (let i = 0; i < rows - tail; i += 4) {
    const row = i * cols;
    for (let j = 0; j < cols; j++) {
      const a = sign * (cost[row + j] as number);
      const b = sign * (cost[row + cols + j] as number);
      const c = sign * (cost[row + 2 * cols + j] as number);
      const d = sign * (cost[row + 3 * cols + j] as number);
      const to = j * rows + i;
      target[to] = a;
      target[to + 1] = b;
      target[to + 2] = c;
      target[to + 3] = d;
      const worst = Number.NEGATIVE_INFINITY;
      if (!(a > worst && b > worst && c > worst && d > worst)) return false;
    }
  }
  for (let i = rows - tail; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const c = sign * (cost[i * cols + j] as number);
      target[j * rows + i] = c;
      if (!(c > Number.NEGATIVE_INFINITY)) return false;
    }
  }
  return true;
}

/** @throws RangeError if a length does not fit */
function checkLengths(cost: ArrayLike<number>, rows: number, cols: number, pairs: Assignment): void {
  if (!Number.isSafeInteger(rows) || rows < 0) throw new RangeError(`expected a whole number of rows, got ${rows}`);
  if (!Number.isSafeInteger(cols) || cols < 0) throw new RangeError(`expected a whole number of cols, got ${cols}`);
  if (cost.length !== rows * cols) {
    throw new RangeError(`expected ${rows} x ${cols} = ${rows * cols} costs, got ${cost.length}`);
  }
  const count = Math.min(rows, cols);
  if (pairs.rows.length < count || pairs.cols.length < count) {
    const found = `${pairs.rows.length} rows and ${pairs.cols.length} columns`;
    throw new RangeError(`expected an output for ${count} pairs, got one for ${found}`);
  }
}

/** Makes the error for a matrix with an entry that is NaN or infinitely good. */
function invalidEntry(cost: Float32Array | Float64Array, cols: number, maximize: boolean): AssignmentError {
  const forbidden = maximize ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const invalid = cost.findIndex((c) => !Number.isFinite(c) && c !== forbidden);
  const [row, col] = [Math.floor(invalid / cols), invalid % cols];
  return new AssignmentError(
    `the cost of row ${row}, column ${col} is ${cost[invalid]}: expected a number, or ${forbidden} for a forbidden pair`,
    [row],
    [col],
  );
}

/** Differences of costs beyond this may overflow, which would look like a forbidden pair. */
const largestCost = 1e300;

function tooLarge(cost: Float32Array | Float64Array, cols: number): AssignmentError | undefined {
  const large = cost.findIndex((c) => Math.abs(c) > largestCost && Number.isFinite(c));
  if (large < 0) return undefined;
  const [row, col] = [Math.floor(large / cols), large % cols];
  const message = `the cost of row ${row}, column ${col} is ${cost[large]}: expected magnitudes below ${largestCost}`;
  return new AssignmentError(message, [row], [col]);
}

/** Largest number of rows or columns that a message lists. */
const mostListed = 10;

function infeasible({ rows, columns }: BlockedRows, isTransposed: boolean, maximize: boolean): AssignmentError {
  const [short, long] = isTransposed ? ['column', 'row'] : ['row', 'column'];
  const forbidden = maximize ? '-Infinity' : 'Infinity';
  const list = (name: string, indices: readonly number[]) => {
    const more = indices.length > mostListed ? ` and ${indices.length - mostListed} more` : '';
    return `${name}${indices.length === 1 ? '' : 's'} ${indices.slice(0, mostListed).join(', ')}${more}`;
  };
  const message =
    columns.length === 0
      ? `no assignment is possible: every cost in ${list(short, rows)} is ${forbidden}`
      : `no assignment is possible: ${list(short, rows)} can only be paired with ${list(long, columns)}, ` +
        `every other cost there is ${forbidden}`;
  return isTransposed ? new AssignmentError(message, columns, rows) : new AssignmentError(message, rows, columns);
}
