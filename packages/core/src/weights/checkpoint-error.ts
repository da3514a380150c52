/** Thrown when a checkpoint cannot be used; the message names the file, the problem and what to do. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}
