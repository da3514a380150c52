declare module 'munkres-js' {
  /** The optimal pairs `[row, column]` of a non-empty matrix, by ascending row. */
  function computeMunkres(cost: number[][]): [row: number, column: number][];
  export = computeMunkres;
}
