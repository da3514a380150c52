/** Errors whose message is for the person who asked for a run. */

/** A request that cannot be fulfilled. The message says why and what to do, and no stack trace is needed. */
export class UserError extends Error {
  override name = 'UserError';
}

/** A setting that does not exist, or a value that it cannot have. */
export class SettingsError extends UserError {
  override name = 'SettingsError';
}

/** A folder that cannot be used for a run: choose another one, or resume the run that is there. */
export class FolderError extends UserError {
  override name = 'FolderError';
}
