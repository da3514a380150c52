/** What the user asked for cannot be done: shown as its message alone, without a stack trace. */
export class UserError extends Error {
  override name = 'UserError';
}
