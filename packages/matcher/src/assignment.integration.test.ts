import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assignment, type AssignmentOptions, linearSumAssignment } from './assignment.ts';
import { AssignmentError } from './assignment-error.ts';

interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly cost: Float64Array;
}

const totalOf = ({ cost, cols }: Matrix, pairs: Assignment): number =>
  pairs.rows.reduce((sum, row, k) => sum + (cost[row * cols + (pairs.cols[k] as number)] as number), 0);

const solve = ({ cost, rows, cols }: Matrix, options?: AssignmentOptions): Assignment =>
  linearSumAssignment(cost, rows, cols, options);

const negated = ({ rows, cols, cost }: Matrix): Matrix => ({ rows, cols, cost: cost.map((c) => -c) });

const transposed = ({ rows, cols, cost }: Matrix): Matrix => ({
  rows: cols,
  cols: rows,
  cost: Float64Array.from(cost, (_, e) => cost[(e % rows) * cols + Math.floor(e / rows)] as number),
});

/** The lowest total over all ways to pair the shorter side; Infinity if none is finite. */
function bruteForce(matrix: Matrix): number {
  if (matrix.rows > matrix.cols) return bruteForce(transposed(matrix));
  const { rows, cols, cost } = matrix;
  const best = (row: number, taken: number): number => {
    if (row === rows) return 0;
    let least = Number.POSITIVE_INFINITY;
    for (let col = 0; col < cols; col++) {
      if ((taken >> col) & 1) continue;
      least = Math.min(least, (cost[row * cols + col] as number) + best(row + 1, taken | (1 << col)));
    }
    return least;
  };
  return best(0, 0);
}

/** Matrices up to the given side: uniform, full of ties, of mixed signs, and over 40 orders of magnitude. */
const matrices = (side: number, least = 0): fc.Arbitrary<Matrix> => {
  const entries = fc.constantFrom(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: -1000, max: 1000 }),
    fc
      .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -20, max: 20 }))
      .map(([x, e]) => x * 10 ** e),
  );
  const size = fc.integer({ min: least, max: side });
  return fc
    .tuple(size, size, entries)
    .chain(([rows, cols, entry]) =>
      fc
        .array(entry, { minLength: rows * cols, maxLength: rows * cols })
        .map((cost) => ({ rows, cols, cost: Float64Array.from(cost) })),
    );
};

/** Matrices with about a third of the pairs forbidden. */
const withForbiddenPairs = (side: number): fc.Arbitrary<Matrix> =>
  matrices(side, 1).chain(({ rows, cols, cost }) =>
    fc
      .array(fc.integer({ min: 0, max: 2 }), { minLength: cost.length, maxLength: cost.length })
      .map((keep) => ({ rows, cols, cost: cost.map((c, e) => (keep[e] === 0 ? Number.POSITIVE_INFINITY : c)) })),
  );

/** Rounding is relative to the largest cost, not to the total, in which large costs may cancel. */
const tolerance = ({ cost }: Matrix): number =>
  1e-12 * cost.reduce((most, c) => (Number.isFinite(c) ? Math.max(most, Math.abs(c)) : most), 0) * cost.length;

function expectPairs({ rows, cols }: Matrix, pairs: Assignment): void {
  expect(pairs.rows.length).toBe(Math.min(rows, cols));
  expect([...pairs.rows]).toEqual([...new Set(pairs.rows)].sort((a, b) => a - b));
  expect(new Set(pairs.cols).size).toBe(pairs.cols.length);
  for (const [k, row] of pairs.rows.entries()) {
    expect(row).toBeLessThan(rows);
    expect(pairs.cols[k]).toBeLessThan(cols);
  }
}

describe.each(['jonker-volgenant', 'munkres'] as const)('linearSumAssignment by %s', (solver) => {
  it('finds the lowest total', () => {
    fc.assert(
      fc.property(matrices(6), (matrix) => {
        const pairs = solve(matrix, { solver });
        expectPairs(matrix, pairs);
        expect(Math.abs(totalOf(matrix, pairs) - bruteForce(matrix))).toBeLessThanOrEqual(tolerance(matrix));
      }),
      { numRuns: 3000 },
    );
  });

  it('avoids forbidden pairs, and throws exactly if that is impossible', () => {
    fc.assert(
      fc.property(withForbiddenPairs(6), (matrix) => {
        const expected = bruteForce(matrix);
        if (expected === Number.POSITIVE_INFINITY) {
          expect(() => solve(matrix, { solver })).toThrow(AssignmentError);
          return;
        }
        expect(Math.abs(totalOf(matrix, solve(matrix, { solver })) - expected)).toBeLessThanOrEqual(tolerance(matrix));
      }),
      { numRuns: 1500 },
    );
  });

  it('maximises', () => {
    fc.assert(
      fc.property(matrices(6), (matrix) => {
        const pairs = solve(matrix, { solver, maximize: true });
        expect(pairs).toEqual(solve(negated(matrix), { solver }));
      }),
    );
  });

  it('returns no pairs if there are no rows or no columns', () => {
    const nothing = { rows: new Int32Array(0), cols: new Int32Array(0) };
    expect(linearSumAssignment(new Float64Array(0), 0, 4, { solver })).toEqual(nothing);
    expect(linearSumAssignment(new Float64Array(0), 4, 0, { solver })).toEqual(nothing);
    expect(linearSumAssignment(new Float64Array(0), 0, 0, { solver })).toEqual(nothing);
  });

  it('names an entry that is not a valid cost', () => {
    const cost = Float64Array.from([1, 2, 3, 4, Number.NaN, 6]);
    const message = 'the cost of row 1, column 1 is NaN: expected a number, or Infinity for a forbidden pair';
    expect(() => linearSumAssignment(cost, 2, 3, { solver })).toThrow(message);
    expect(() => linearSumAssignment(cost, 3, 2, { solver })).toThrow('row 2, column 0');
    cost[4] = Number.NEGATIVE_INFINITY;
    expect(() => linearSumAssignment(cost, 2, 3, { solver })).toThrow('row 1, column 1 is -Infinity');
    expect(linearSumAssignment(cost, 2, 3, { solver, maximize: true }).cols).toEqual(Int32Array.of(1, 2));
    cost[4] = Number.POSITIVE_INFINITY;
    expect(() => linearSumAssignment(cost, 2, 3, { solver, maximize: true })).toThrow(
      'the cost of row 1, column 1 is Infinity: expected a number, or -Infinity for a forbidden pair',
    );
  });

  it('names the rows and columns that cannot be completed', () => {
    const x = Number.POSITIVE_INFINITY;
    const thrown = (rows: number, cols: number, ...cost: number[]): AssignmentError => {
      try {
        linearSumAssignment(Float64Array.from(cost), rows, cols, { solver });
      } catch (error) {
        if (error instanceof AssignmentError) return error;
      }
      throw new Error('expected an AssignmentError');
    };
    const empty = thrown(2, 3, 1, 2, 3, x, x, x);
    expect(empty.message).toBe('no assignment is possible: every cost in row 1 is Infinity');
    expect([empty.rows, empty.cols]).toEqual([[1], []]);
    const crowded = thrown(3, 3, 1, x, x, 2, x, x, 3, 4, 5);
    expect(crowded.message).toBe(
      'no assignment is possible: rows 0, 1 can only be paired with column 0, every other cost there is Infinity',
    );
    const tall = thrown(3, 2, 1, 2, x, x, x, x);
    expect(tall.message).toBe(
      'no assignment is possible: columns 0, 1 can only be paired with row 0, every other cost there is Infinity',
    );
    expect([tall.rows, tall.cols]).toEqual([[0], [0, 1]]);
  });
});

describe('linearSumAssignment', () => {
  it('agrees with munkres-js on larger matrices', () => {
    fc.assert(
      fc.property(matrices(24, 1), (matrix) => {
        const [ours, theirs] = [solve(matrix), solve(matrix, { solver: 'munkres' })];
        expectPairs(matrix, ours);
        expect(Math.abs(totalOf(matrix, ours) - totalOf(matrix, theirs))).toBeLessThanOrEqual(tolerance(matrix));
      }),
      { numRuns: 400 },
    );
  });

  it('finds equal totals however rows and columns are ordered', () => {
    fc.assert(
      fc.property(matrices(60, 1), fc.integer(), (matrix, seed) => {
        const { rows, cols, cost } = matrix;
        const order = (count: number, salt: number) =>
          Array.from({ length: count }, (_, i) => i).sort(
            (a, b) => Math.sin(seed + salt + 7 * a) - Math.sin(seed + salt + 7 * b) || a - b,
          );
        const [rowOrder, colOrder] = [order(rows, 1), order(cols, 2)];
        const shuffled = {
          rows,
          cols,
          cost: Float64Array.from(
            cost,
            (_, e) =>
              cost[(rowOrder[Math.floor(e / cols)] as number) * cols + (colOrder[e % cols] as number)] as number,
          ),
        };
        const [before, after] = [totalOf(matrix, solve(matrix)), totalOf(shuffled, solve(shuffled))];
        expect(Math.abs(before - after)).toBeLessThanOrEqual(tolerance(matrix));
        const turned = transposed(matrix);
        expect(Math.abs(before - totalOf(turned, solve(turned)))).toBeLessThanOrEqual(tolerance(matrix));
      }),
      { numRuns: 300 },
    );
  });

  it('gives equal pairs for equal input', () => {
    fc.assert(
      fc.property(matrices(30, 1), matrices(30, 1), (matrix, other) => {
        const first = solve(matrix);
        solve(other);
        expect(solve(matrix)).toEqual(first);
        expect(linearSumAssignment(Float32Array.from(matrix.cost.map(Math.fround)), matrix.rows, matrix.cols)).toEqual(
          solve({ ...matrix, cost: matrix.cost.map(Math.fround) }),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('leaves the matrix unchanged and writes into the given output', () => {
    const cost = Float64Array.of(4, 1, 2, 0, 9, 9);
    const out = { rows: new Int32Array(3).fill(7), cols: new Int32Array(3).fill(7) };
    expect(linearSumAssignment(cost, 3, 2, { out })).toBe(out);
    expect(out).toEqual({ rows: Int32Array.of(0, 1, 7), cols: Int32Array.of(1, 0, 7) });
    expect([...cost]).toEqual([4, 1, 2, 0, 9, 9]);
  });

  it('shifts the total of a square matrix by constants added to its rows and columns', () => {
    const level = fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 24, maxLength: 24 });
    const entry = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 24 * 24, maxLength: 24 * 24 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), entry, level, level, (side, entries, ofRows, ofCols) => {
        const plain = { rows: side, cols: side, cost: Float64Array.from(entries.slice(0, side * side)) };
        const cost = plain.cost.map(
          (c, e) => c + (ofRows[Math.floor(e / side)] as number) + (ofCols[e % side] as number),
        );
        const levels = [...ofRows.slice(0, side), ...ofCols.slice(0, side)].reduce((sum, value) => sum + value, 0);
        const pairs = solve({ ...plain, cost });
        expectPairs(plain, pairs);
        expect(totalOf({ ...plain, cost }, pairs)).toBe(totalOf(plain, solve(plain)) + levels);
      }),
      { numRuns: 400 },
    );
  });

  it('keeps its workspace: repeated calls allocate no arrays', () => {
    const rows = 120;
    const cols = 150;
    const cost = Float64Array.from({ length: rows * cols }, (_, e) => Math.sin(e * e));
    const out = { rows: new Int32Array(rows), cols: new Int32Array(rows) };
    linearSumAssignment(cost, rows, cols, { out });
    linearSumAssignment(cost, cols, rows, { out });
    const before = process.memoryUsage().arrayBuffers;
    for (let call = 0; call < 50; call++) {
      linearSumAssignment(cost, rows, cols, { out });
      linearSumAssignment(cost, cols, rows, { out });
    }
    expect(process.memoryUsage().arrayBuffers).toBeLessThanOrEqual(before);
  });

  it('returns a result or names a cost that is too large, whatever the magnitudes', () => {
    const any = fc.double({ noNaN: true, noDefaultInfinity: true });
    const square = fc.array(any, { minLength: 36, maxLength: 36 });
    fc.assert(
      fc.property(square, (values) => {
        const matrix = { rows: 6, cols: 6, cost: Float64Array.from(values) };
        try {
          expectPairs(matrix, solve(matrix));
        } catch (error) {
          expect(error).toBeInstanceOf(AssignmentError);
          expect((error as Error).message).toMatch(/expected magnitudes below 1e\+300$/);
        }
        expectPairs(matrix, solve(matrix, { solver: 'munkres' }));
      }),
      { numRuns: 2000 },
    );
  });

  it('names the first of many rows and columns that cannot be completed', () => {
    const cost = new Float64Array(200 * 200).fill(Number.POSITIVE_INFINITY);
    for (let row = 0; row < 200; row++) cost.fill(1, 200 * row, 200 * row + 12);
    expect(() => linearSumAssignment(cost, 200, 200)).toThrow(
      /rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 3 more can only be paired with columns 0, 1, .*, 9 and 2 more, every/,
    );
  });

  it('rejects a solver that does not exist', () => {
    const solver = 'hungarian' as 'munkres';
    expect(() => linearSumAssignment(new Float64Array(1), 1, 1, { solver })).toThrow(
      "expected the solver 'jonker-volgenant' or 'munkres', got 'hungarian'",
    );
  });

  it('names the length that does not fit', () => {
    expect(() => linearSumAssignment(new Float64Array(5), 2, 3)).toThrow('expected 2 x 3 = 6 costs, got 5');
    expect(() => linearSumAssignment(new Float64Array(5), 2.5, 2)).toThrow('expected a whole number of rows, got 2.5');
    const out = { rows: new Int32Array(2), cols: new Int32Array(1) };
    expect(() => linearSumAssignment(new Float64Array(6), 2, 3, { out })).toThrow(
      'expected an output for 2 pairs, got one for 2 rows and 1 columns',
    );
  });
});
