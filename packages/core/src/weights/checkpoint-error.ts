/** A checkpoint cannot be used; the message names the file, what was wrong and what to do. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}
