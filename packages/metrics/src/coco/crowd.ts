/** `iscrowd`, which pycocotools reads in two ways: as a truth value and as an integer. */
import { parseFloatText } from './boxes.ts';

/** The two readings of an `iscrowd`. */
export interface Crowd {
  /** As a truth value: the object need not be found, and a detection that is matched with it is not a mistake. */
  readonly ignore: boolean;
  /** As an integer: any number of detections may lie in the box. */
  readonly crowd: boolean;
  /** Whether it is written as something other than 0, 1, false or true. */
  readonly odd: boolean;
}

/**
 * Reads `iscrowd` like pycocotools: 2 is a crowd; 0.5 is ignored but not a crowd, and so is "0" in quotes, because any
 * text is true in Python. Where pycocotools would stop, any number except 0 is a crowd, even in quotes, and nothing
 * else is.
 */
export function readCrowd(value: unknown): Crowd {
  if (value === undefined || value === 0 || value === false) return { ignore: false, crowd: false, odd: false };
  if (value === 1 || value === true) return { ignore: true, crowd: true, odd: false };
  // int() accepts only text of integers.
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) {
    return { ignore: true, crowd: Number(value) !== 0, odd: true };
  }
  const number = typeof value === 'string' ? (parseFloatText(value) ?? 0) : value;
  const ignore = typeof number === 'number' && number !== 0 && !Number.isNaN(number);
  return { ignore, crowd: ignore && (Math.trunc(number) !== 0 || typeof value === 'string'), odd: true };
}
