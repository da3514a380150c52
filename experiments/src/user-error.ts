/** What the user asked for cannot be done: shown as its message alone, without a stack trace. */
export class UserError extends Error {
  override name = 'UserError';
}

/** What was typed makes no sense, whatever is there: ends with the exit code of wrong usage. */
export class UsageError extends UserError {
  override name = 'UsageError';
}
