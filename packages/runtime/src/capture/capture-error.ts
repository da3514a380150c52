/** The error of captured functions. */

/** What was traced cannot be replayed faithfully; the message says what to change. */
export class CaptureError extends Error {
  override name = 'CaptureError';
}
