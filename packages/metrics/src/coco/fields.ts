/** Reads the fields of COCO's JSON; anything unexpected is a CocoFormatError that says where it is. */
import { CocoFormatError } from './format-error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** @param where name of the value in messages, such as `annotations[3].bbox` */
export function objectAt(value: unknown, where: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw unexpected(value, where, 'an object');
}

export function listAt(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unexpected(value, where, 'a list');
}

/** Accepts any number, including NaN and infinities; false and true are 0 and 1, as in Python. */
export function numberAt(value: unknown, where: string): number {
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  throw unexpected(value, where, 'a number');
}

/** Makes the error for an unexpected value, which is shown as it would be written in the file, shortened. */
export function unexpected(value: unknown, where: string, expected: string): CocoFormatError {
  const text = value === undefined ? 'nothing' : JSON.stringify(value, spelledOut);
  return new CocoFormatError(
    `${where}: expected ${expected}, found ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`,
  );
}

/** JSON has neither NaN, which would be shown as null, nor bigints. */
const spelledOut = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value;
