/** Data that cannot be used: the message says which file and field, what was expected and what to do. */
export class DataError extends Error {
  override name = 'DataError';
}
