/** Reading the fields of COCO's JSON; whatever is not as expected is a CocoFormatError that says where. */
import { CocoFormatError } from './format-error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** @param where what a message calls the value, such as `annotations[3].bbox` */
export function objectAt(value: unknown, where: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw unexpected(value, where, 'an object');
}

export function listAt(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unexpected(value, where, 'a list');
}

export function idAt(value: unknown, where: string): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw unexpected(value, where, 'a whole number');
}

export function numberAt(value: unknown, where: string): number {
  if (Number.isFinite(value)) return value as number;
  throw unexpected(value, where, 'a finite number');
}

/**
 * 1 where Python takes it for true, as pycocotools does, which asks for nothing else: any number but 0, and a number in
 * quotes, "0" too. 0 where it is missing or null.
 */
export function crowdAt(value: unknown, where: string): number {
  if (value === undefined || value === null || typeof value === 'boolean' || Number.isFinite(value))
    return value ? 1 : 0;
  if (typeof value === 'string' && /^[+-]?\d+$/.test(value)) return 1;
  throw unexpected(value, where, '0 or 1');
}

/** Writes x, y, width and height to `out` from `at` on. */
export function copyBox(value: unknown, where: string, out: Float64Array, at: number): void {
  if (!Array.isArray(value) || value.length !== 4 || !value.every(Number.isFinite)) {
    throw unexpected(value, where, '[x, y, width, height] in pixels, finite numbers');
  }
  for (let k = 0; k < 4; k++) out[at + k] = value[k];
}

function unexpected(value: unknown, where: string, expected: string): CocoFormatError {
  const text = value === undefined ? 'nothing' : JSON.stringify(value, spelledOut);
  return new CocoFormatError(
    `${where}: expected ${expected}, found ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`,
  );
}

/** JSON has no NaN: it would show as null. */
const spelledOut = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
