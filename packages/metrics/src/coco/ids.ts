/** Ids of images, categories and annotations: how files write them, when they are equal, and their order. */
import { unexpected } from './fields.ts';

/**
 * An id in its comparable form: text if it is not a number that a float64 represents exactly, such as `007` or 2^53 +
 * 1.
 */
export type CocoId = number | string;

/**
 * Reads an id.
 *
 * @param value a number, a bigint, or text; the text `7` is the number 7, because some tools put ids in quotes
 * @param where name of the value in messages
 */
export function idAt(value: unknown, where: string): CocoId {
  if (typeof value === 'number' && Number.isFinite(value)) {
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? String(BigInt(value)) : value;
  }
  if (typeof value !== 'string' && typeof value !== 'bigint') throw unexpected(value, where, 'a number or text');
  const number = Number(value);
  return Number.isSafeInteger(number) && String(number) === String(value) ? number : String(value);
}

/** Distinct ids in the order of their written values: numbers before text, numbers by size, text by code points. */
export function sortedIds(written: readonly unknown[], whereOf: (index: number) => string): CocoId[] {
  const writtenOf = new Map<CocoId, number | bigint | string>();
  for (const [i, value] of written.entries()) {
    const id = idAt(value, whereOf(i));
    // pycocotools sorts the written values, so in text '10' comes before '9'.
    if (!writtenOf.has(id)) writtenOf.set(id, value as number | bigint | string);
  }
  return [...writtenOf].sort(([, a], [, b]) => compareWritten(a, b)).map(([id]) => id);
}

/** @returns a function that gives the index of an id, or undefined for null or an id that is not listed */
export function indexOf(ids: readonly CocoId[]): (written: unknown, where: string) => number | undefined {
  const indices = new Map(ids.map((id, i) => [id, i]));
  return (written, where) => (written === null ? undefined : indices.get(idAt(written, where)));
}

function compareWritten(a: number | bigint | string, b: number | bigint | string): number {
  if (typeof a === 'string') return typeof b === 'string' ? compareTexts(a, b) : 1;
  if (typeof b === 'string') return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Orders text like Python and numpy; `<` would put code points beyond 0xFFFF before those from 0xE000 on. */
function compareTexts(a: string, b: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return (a.codePointAt(i) as number) - (b.codePointAt(i) as number);
  }
  return a.length - b.length;
}
