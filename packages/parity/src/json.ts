/** Reads values from a fixture's JSON; any unexpected value throws a FixtureError that says where it is. */

import { UserError } from '@dn-detr/train';

/**
 * A fixture (or the folder of fixtures) cannot be used; the message says what was wrong, where, and what was expected.
 */
export class FixtureError extends UserError {
  override name = 'FixtureError';
}

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @param where the name of the value in messages, such as `cases.plain.steps` */
export function objectAt(value: unknown, where: string): JsonObject {
  if (isObject(value)) return value;
  throw unexpected(value, where, 'an object');
}

export function arrayAt(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unexpected(value, where, 'a list');
}

export function stringAt(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw unexpected(value, where, 'a string');
}

/** A number, or one of the strings for the numbers that JSON lacks. */
export function numberAt(value: unknown, where: string): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  throw unexpected(value, where, 'a number');
}

/** A whole number from 0. */
export function countAt(value: unknown, where: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw unexpected(value, where, 'a whole number from 0');
}

export function numbersAt(value: unknown, where: string): number[] {
  return arrayAt(value, where).map((item, i) => numberAt(item, `${where}[${i}]`));
}

export function countsAt(value: unknown, where: string): number[] {
  return arrayAt(value, where).map((item, i) => countAt(item, `${where}[${i}]`));
}

function unexpected(value: unknown, where: string, expected: string): FixtureError {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return new FixtureError(`${where}: expected ${expected}, found ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`);
}
