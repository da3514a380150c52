/** Counts with their nouns, for messages. */

/** Formats a count, such as `1 seed`, `3 seeds` or `1,200 images`. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${Math.round(value).toLocaleString('en-GB')} ${value === 1 ? noun : plural}`;
}
