/** The error of captured functions. */

/** The traced function cannot be replayed faithfully; the message says what to change. */
export class CaptureError extends Error {
  override name = 'CaptureError';
}
