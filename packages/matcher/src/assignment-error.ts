/**
 * Thrown for a cost matrix that cannot be assigned: an entry is NaN, infinitely good or too large, or too many pairs
 * are forbidden. The message names the entry, or the rows and columns in conflict.
 */
export class AssignmentError extends Error {
  override name = 'AssignmentError';

  constructor(
    message: string,
    /** Row of the invalid entry, or the rows that cannot all be assigned, in the matrix as it was given. */
    readonly rows: readonly number[],
    /** Column of the invalid entry, or all columns that those rows may have (or the other way round). */
    readonly cols: readonly number[],
  ) {
    super(message);
  }
}
