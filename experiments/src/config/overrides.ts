/** Changes to a configuration by dotted keys, as `--set optimizer.learningRate=1e-3` has them. */
import { distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { UsageError, UserError } from '../user-error.ts';
import { type RunConfig, type RunOverrides, runSchema } from './schema.ts';

/** Values by dotted key, such as `{'denoising.groups': 0}`. */
export type DottedValues = Readonly<Record<string, unknown>>;

/**
 * Reads `key=value`: the value as JSON where it is some, else as a string.
 *
 * @throws UsageError if there is no `=`
 */
export function parseAssignment(text: string): DottedValues {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`'${text}' sets nothing: expected key=value, such as optimizer.learningRate=1e-3`);
  const [key, value] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  return { [key]: parseValue(value) };
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // `1e-3` and `true` are JSON, but `.5` and `detr` are not.
    return /^[+-]?\.\d+(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
  }
}

/**
 * A configuration with some values replaced.
 *
 * @throws UsageError if a key is unknown, naming the nearest ones, or a value is not one its key can have
 */
export function withOverrides(config: RunConfig, values: DottedValues): RunConfig {
  const changed = structuredClone(config) as Record<string, unknown>;
  for (const [key, value] of Object.entries(values)) setAt(changed, key, value);
  return resolved(changed as RunOverrides, 'set', UsageError);
}

/**
 * Fills in the defaults.
 *
 * @param origin where the values come from, for the message: a recipe's name, a file
 * @throws UserError listing every field that is unknown or has a value it cannot have
 */
export function resolveConfig(overrides: RunOverrides, origin: string): RunConfig {
  return resolved(overrides, origin, UserError);
}

function resolved(overrides: RunOverrides, origin: string, Problem: typeof UserError): RunConfig {
  const result = runSchema.safeParse(overrides);
  if (result.success) return result.data;
  throw new Problem(result.error.issues.map((issue) => `${origin}: ${describeIssue(issue, overrides)}`).join('\n'));
}

function setAt(target: Record<string, unknown>, key: string, value: unknown): void {
  const parts = key.split('.');
  const last = parts.pop() as string;
  let at: Record<string, unknown> = target;
  for (const part of parts) {
    const next = Object.hasOwn(at, part) ? at[part] : undefined;
    if (typeof next !== 'object' || next === null || Array.isArray(next)) throw unknownKey(key, target);
    at = next as Record<string, unknown>;
  }
  const isObject = (x: unknown) => typeof x === 'object' && x !== null && !Array.isArray(x);
  // A backbone of another kind has other fields: it is set as a whole.
  if (!Object.hasOwn(at, last)) throw unknownKey(key, target);
  if (isObject(at[last]) && !isObject(value)) {
    const inside = Object.keys(at[last] as object).map((name) => `${key}.${name}`);
    throw new UsageError(`${key} has parts: set one of ${inside.join(', ')}, or all of it as a JSON object`);
  }
  at[last] = value;
}

function unknownKey(key: string, config: Record<string, unknown>): UsageError {
  const nearest = dottedKeys(config)
    .map((known) => ({ known, away: Math.min(distance(key, known), distance(key, known.split('.').at(-1) as string)) }))
    .sort((a, b) => a.away - b.away);
  const [best] = nearest;
  const near = nearest.filter(({ away }) => away === best?.away).map(({ known }) => known);
  return new UsageError(`there is no setting '${key}': did you mean ${near.slice(0, 3).join(', or ')}?`);
}

/** Every key that can be set, such as `optimizer.clipNorm`. */
export function dottedKeys(config: object, prefix = ''): string[] {
  return Object.entries(config).flatMap(([name, value]) => {
    const key = `${prefix}${name}`;
    const hasParts = typeof value === 'object' && value !== null && !Array.isArray(value);
    return hasParts ? [key, ...dottedKeys(value, `${key}.`)] : [key];
  });
}

/** Values of all settings that are no groups of others, by dotted key. */
export function flatValues(config: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(flatValues(value, `${prefix}${name}.`))
        : [[`${prefix}${name}`, value]],
    ),
  );
}

function describeIssue(issue: z.core.$ZodIssue, input: unknown): string {
  const at = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => (at === '' ? key : `${at}.${key}`));
    return `there is no setting ${keys.join(', ')}`;
  }
  const value = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], input);
  return `${at} is ${JSON.stringify(value)}: ${issue.message.replace(/^Invalid input: /, '')}`;
}
