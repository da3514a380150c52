/** The error of captured functions. */

/** A traced function that cannot be replayed faithfully; the message says what to change. */
export class CaptureError extends Error {
  override name = 'CaptureError';
}
