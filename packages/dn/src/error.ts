/**
 * Thrown for options, recorded draws or outputs that cannot be used; the message says what is wrong and what was
 * expected.
 */
export class DnError extends Error {
  override name = 'DnError';
}
