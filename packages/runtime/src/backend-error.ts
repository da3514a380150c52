/** The error of choosing a backend. */

/** A backend, or a setting of one, was asked for that this machine cannot run or that does not exist. */
export class BackendError extends Error {
  override name = 'BackendError';
}
