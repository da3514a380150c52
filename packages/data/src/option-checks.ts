/** Checks of options that a person writes, in a recipe or on the command line. */
import { DataError } from './error.ts';

/** Formats a value; a string has its quotes, which tell '5' from 5. */
export const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value));

/** @throws DataError if `options` has a name that is not among the known ones */
export function requireKnown(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new DataError(`${where} has no option '${unknown}': expected ${known.join(', ')}`);
}

/** @throws DataError unless the value is a whole number of at least `least` */
export function requireCount(name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  throw new DataError(`${name} is ${shown(value)}: expected a whole number from ${least}`);
}

/** @throws DataError unless the value is a number in least..most */
export function requireNumber(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  const range = most === Number.MAX_VALUE ? `a finite number from ${least}` : `a number in ${least}..${most}`;
  throw new DataError(`${name} is ${shown(value)}: expected ${range}`);
}

/** @throws DataError unless the value is one of these */
export function requireOneOf(name: string, value: unknown, values: readonly unknown[]): void {
  if (values.includes(value)) return;
  throw new DataError(`${name} is ${shown(value)}: expected ${values.map(shown).join(' or ')}`);
}

/** @throws DataError unless the value is true or false */
export function requireBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new DataError(`${name} is ${shown(value)}: expected true or false`);
}
