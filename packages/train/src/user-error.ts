/** Errors whose message is for the person who asked for a run. */

/** A request that cannot be met: the message says why and what to do, and no stack trace is needed. */
export class UserError extends Error {
  override name = 'UserError';
}

/** A setting that does not exist, or a value that it cannot have. */
export class SettingsError extends UserError {
  override name = 'SettingsError';
}

/** The folder that a run was to have cannot be used for it: another folder can, or the run that is there goes on. */
export class FolderError extends UserError {
  override name = 'FolderError';
}
