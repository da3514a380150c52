/** How close is close enough: the rules a fixture carries, and the comparison of two arrays under them. */
import { FixtureError, isObject, type JsonObject, numberAt, objectAt, stringAt } from './json.ts';

/** One entry of `tolerances`; the first whose `keys` match is used. */
export interface ToleranceRule {
  /** Pattern that matches keys regardless of case; `*` stands for anything. */
  readonly keys: string;
  readonly rtol: number;
  readonly atol: number;
  /** Names the reference's own noise in the case: the absolute tolerance is at least `factor` times it. */
  readonly atolNoise?: { readonly figure: string; readonly factor: number };
  /** The absolute tolerance is at least this times the largest stored magnitude. */
  readonly rtolOfMax?: number;
}

/** Allowed per element: `atol + rtol * |stored|`. */
export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}

/** Where two arrays are furthest apart, measured in tolerances. */
export interface Difference {
  /** |actual - expected| there; NaN if only one of the two is NaN */
  readonly error: number;
  /** Largest difference that is allowed there. */
  readonly tolerance: number;
  readonly index: number;
  readonly pass: boolean;
}

/** @throws FixtureError if the entry is no rule, or a tolerance is negative or not finite */
export function readRule(value: unknown, where: string): ToleranceRule {
  const rule = objectAt(value, where);
  const size = (key: string, fallback?: number): number => {
    const found = rule[key] === undefined && fallback !== undefined ? fallback : numberAt(rule[key], `${where}.${key}`);
    if (found >= 0 && Number.isFinite(found)) return found;
    throw new FixtureError(`${where}.${key}: expected a finite number from 0, found ${found}`);
  };
  return {
    keys: stringAt(rule.keys, `${where}.keys`),
    rtol: size('rtol', 0),
    atol: size('atol', 0),
    ...(rule.atol_noise === undefined
      ? {}
      : { atolNoise: { figure: stringAt(rule.atol_noise, `${where}.atol_noise`), factor: size('factor') } }),
    ...(rule.rtol_of_max === undefined ? {} : { rtolOfMax: size('rtol_of_max') }),
  };
}

/** Whether a glob with `*` for any characters matches a whole key. */
export function matches(glob: string, key: string): boolean {
  const pattern = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.*')}$`, 's').test(key);
}

/**
 * The tolerance for one stored array.
 *
 * @param fixture its rules and the absolute tolerances that replace a rule's for one key
 * @param facts the case's configuration, where noise figures stand: one number, or one per key or start of a key
 * @throws FixtureError if no rule matches the key
 */
export function toleranceFor(
  fixture: { readonly rules: readonly ToleranceRule[]; readonly atolByKey: ReadonlyMap<string, number> },
  key: string,
  expected: ArrayLike<number>,
  facts: JsonObject = {},
): Tolerance {
  const rule = fixture.rules.find(({ keys }) => matches(keys, key));
  if (rule === undefined) {
    throw new FixtureError(`no tolerance is given for '${key}': expected a rule in "tolerances" whose keys match it`);
  }
  const { rtol, atolNoise, rtolOfMax = 0 } = rule;
  const noise = atolNoise === undefined ? 0 : atolNoise.factor * noiseOf(facts[atolNoise.figure], key);
  return { rtol, atol: Math.max(fixture.atolByKey.get(key) ?? rule.atol, noise, rtolOfMax * largest(expected)) };
}

/** The noise of `C3.corner` is that of `C3.corner`, else that of `C3`, else none. */
function noiseOf(figures: unknown, key: string): number {
  if (!isObject(figures)) return figures === undefined ? 0 : numberAt(figures, 'noise figure');
  for (let start = key; start !== ''; start = start.slice(0, Math.max(0, start.lastIndexOf('.')))) {
    if (figures[start] !== undefined) return numberAt(figures[start], `noise figure of ${start}`);
  }
  return 0;
}

/** The largest finite magnitude: an infinity in the stored array must not allow everything. */
function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] as number);
    if (size > most && size < Number.POSITIVE_INFINITY) most = size;
  }
  return most;
}

/**
 * Compares element by element. NaN matches NaN and an infinity itself; neither ever matches a number. The arrays must
 * be of one length.
 */
export function compare(actual: ArrayLike<number>, expected: ArrayLike<number>, { atol, rtol }: Tolerance): Difference {
  let worst: Difference = { error: 0, tolerance: atol, index: 0, pass: true };
  let worstRatio = -1;
  for (let index = 0; index < expected.length; index++) {
    const [a, e] = [actual[index] as number, expected[index] as number];
    const error = Object.is(a, e) || a === e ? 0 : Math.abs(a - e);
    const tolerance = Number.isFinite(e) ? atol + rtol * Math.abs(e) : 0;
    // Written so that a NaN error fails.
    const pass = error <= tolerance;
    const ratio = error === 0 ? 0 : Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / tolerance;
    if (worst.pass === pass ? ratio > worstRatio : !pass) {
      worst = { error, tolerance, index, pass };
      worstRatio = ratio;
    }
  }
  return worst;
}
