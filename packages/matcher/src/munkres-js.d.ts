declare module 'munkres-js' {
  /** The optimal pairs `[row, column]` of a matrix that is not empty, by rising row. */
  function computeMunkres(cost: number[][]): [row: number, column: number][];
  export = computeMunkres;
}
