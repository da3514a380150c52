/** `iscrowd`, which pycocotools reads in two ways: by truth and as a whole number. */
import { parseFloatText } from './boxes.ts';

export interface Crowd {
  /** Ignored by truth: the object need not be found, and a detection that is matched with it is no mistake. */
  readonly ignore: boolean;
  /** Crowd region: any number of detections may match it. */
  readonly crowd: boolean;
  /** Whether it is written as neither 0 nor 1, nor false nor true. */
  readonly odd: boolean;
}

/**
 * As pycocotools judges: 2 is a crowd, 0.5 is ignored and no crowd, and so is "0" in quotes, as every text is true in
 * Python. Where pycocotools stops, a number but 0 is a crowd, in quotes too, and anything else is none.
 */
export function readCrowd(value: unknown): Crowd {
  if (value === undefined || value === 0 || value === false) return { ignore: false, crowd: false, odd: false };
  if (value === 1 || value === true) return { ignore: true, crowd: true, odd: false };
  // int() of a text takes whole numbers only.
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) {
    return { ignore: true, crowd: Number(value) !== 0, odd: true };
  }
  const number = typeof value === 'string' ? (parseFloatText(value) ?? 0) : value;
  const ignore = typeof number === 'number' && number !== 0 && !Number.isNaN(number);
  return { ignore, crowd: ignore && (Math.trunc(number) !== 0 || typeof value === 'string'), odd: true };
}
