/** Numbers with what they count, for messages. */

/** `1 seed`, `3 seeds`, `1,200 images` */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${Math.round(value).toLocaleString('en-GB')} ${value === 1 ? noun : plural}`;
}
