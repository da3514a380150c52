/** Rows that have finite costs in fewer columns than there are rows, so that not all of them can be assigned. */
export interface BlockedRows {
  readonly rows: readonly number[];
  /** Every column in which one of the rows has a finite cost. */
  readonly columns: readonly number[];
}

/**
 * Finds why a row cannot be assigned (Hall's theorem): the rows that would have to move to make room for it, and the
 * columns that they share. The other rows are already assigned, as many as possible to columns of finite cost.
 *
 * @param cost `[n, m]` row-major
 * @param columnOf `[n]` or longer: the column of every row, with any number for `start`
 */
export function blockedRows(
  cost: Float64Array,
  n: number,
  m: number,
  columnOf: Int32Array,
  start: number,
): BlockedRows {
  const ownerOf = new Map<number, number>();
  for (let i = 0; i < n; i++) if (i !== start) ownerOf.set(columnOf[i] as number, i);
  const rows = [start];
  const columns = new Set<number>();
  for (const i of rows) {
    for (let j = 0; j < m; j++) {
      if (cost[i * m + j] === Number.POSITIVE_INFINITY || columns.has(j)) continue;
      columns.add(j);
      const owner = ownerOf.get(j);
      if (owner !== undefined) rows.push(owner);
    }
  }
  const ascending = (a: number, b: number) => a - b;
  return { rows: rows.sort(ascending), columns: [...columns].sort(ascending) };
}
