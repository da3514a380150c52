/** Merges the blocked entries of a mask into few rectangles. */

interface Block {
  readonly i: number;
  readonly j: number;
  readonly rows: number;
  columns: number;
}

/** The blocked entries of a mask `[T, T]` as rectangles: runs of columns over bands of equal rows. */
export function blockedRectangles(mask: Uint8Array, total: number): Block[] {
  const rowAt = (i: number) => mask.subarray(i * total, (i + 1) * total);
  const blocks: Block[] = [];
  for (let i = 0; i < total; ) {
    const row = rowAt(i);
    let rows = 1;
    while (i + rows < total && rowAt(i + rows).every((value, j) => value === row[j])) rows++;
    let run: Block | undefined;
    for (const [j, value] of row.entries()) {
      if (value === 0) run = undefined;
      else if (run !== undefined) run.columns++;
      else {
        run = { i, j, rows, columns: 1 };
        blocks.push(run);
      }
    }
    i += rows;
  }
  return blocks;
}
