/** munkres-js (https://github.com/addaleax/munkres-js) as a second, independent solver. */
import computeMunkres from 'munkres-js';
import { type BlockedRows, blockedRows } from './blocked-rows.ts';

/**
 * Assigns every row to a different column at the lowest total cost, like `assignRows`. Requires n <= m: munkres-js pads
 * the matrix to a square and is then hundreds of times faster than with the longer side as rows.
 *
 * munkres-js never returns for NaN, for Infinity, or for costs above 2^52. Forbidden pairs therefore get a finite cost
 * that no assignment takes on unnecessarily, and large costs are scaled down.
 *
 * @param cost `[n, m]` row-major with n <= m; no NaN, no -Infinity; +Infinity forbids a pair
 * @param columnOf `[n]` or longer; receives the column of every row
 * @returns undefined, or the reason why there is no assignment of finite cost
 */
export function assignRowsByMunkres(
  cost: Float64Array,
  n: number,
  m: number,
  columnOf: Int32Array,
): BlockedRows | undefined {
  let [smallest, largest] = [0, 0];
  for (let e = 0; e < n * m; e++) {
    const c = cost[e] as number;
    if (c < smallest) smallest = c;
    else if (c > largest && c < Number.POSITIVE_INFINITY) largest = c;
  }
  // A power of two, which changes no digits.
  const magnitude = Math.max(largest, -smallest);
  const scale = magnitude > 2 ** 20 ? 2 ** (20 - Math.ceil(Math.log2(magnitude))) : 1;
  const forbidden = scale * largest + n * (scale * largest - scale * smallest) + 1;
  const matrix = Array.from({ length: n }, (_, i) =>
    Array.from(cost.subarray(i * m, (i + 1) * m), (c) => (c === Number.POSITIVE_INFINITY ? forbidden : scale * c)),
  );
  for (const [i, j] of computeMunkres(matrix)) columnOf[i] = j;
  const blocked = columnOf.subarray(0, n).findIndex((j, i) => cost[i * m + j] === Number.POSITIVE_INFINITY);
  return blocked < 0 ? undefined : blockedRows(cost, n, m, columnOf, blocked);
}
