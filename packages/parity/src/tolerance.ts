/** The tolerance rules of a fixture, and the comparison of two arrays under them. */
import { FixtureError, isObject, type JsonObject, numberAt, objectAt, stringAt } from './json.ts';

/** One entry of `tolerances`; the first one whose `keys` match applies. */
export interface ToleranceRule {
  /** Glob for keys without their case; `*` matches anything. */
  readonly keys: string;
  readonly rtol: number;
  readonly atol: number;
  /** Name of the reference's own noise in the case: the absolute tolerance is at least `factor` times that noise. */
  readonly atolNoise?: { readonly figure: string; readonly factor: number };
  /** The absolute tolerance is at least this factor times the largest stored magnitude. */
  readonly rtolOfMax?: number;
}

/** The allowed difference per element is `atol + rtol * |stored|`. */
export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}

/** The point where two arrays are furthest apart, relative to the tolerance. */
export interface Difference {
  /** |actual - expected| there; NaN if only one of the two is NaN. */
  readonly error: number;
  /** Allowed difference there. */
  readonly tolerance: number;
  readonly index: number;
  readonly pass: boolean;
}

/** @throws FixtureError if the entry is not a rule, or a tolerance is negative or not finite */
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

/** Whether a glob, in which `*` matches any characters, matches the complete key. */
export function matches(glob: string, key: string): boolean {
  const pattern = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.*')}$`, 's').test(key);
}

/**
 * The tolerance for one stored array.
 *
 * @param fixture rules, and the absolute tolerances that replace a rule's for single keys
 * @param facts configuration of the case, with the noise figures: one number, or one per key or start of a key
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

/** The noise of `C3.corner` if given, else that of `C3`, else 0. */
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
 * Compares element by element. NaN matches NaN and each infinity matches itself; neither matches anything else. The
 * arrays must have the same length.
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
