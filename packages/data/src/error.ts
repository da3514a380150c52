/** Data that cannot be used. The message says which file and field, what was expected and what to do. */
export class DataError extends Error {
  override name = 'DataError';
}
