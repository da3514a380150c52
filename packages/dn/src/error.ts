/** Options, recorded draws or outputs that cannot be used: what was wrong, and what was expected. */
export class DnError extends Error {
  override name = 'DnError';
}
