/** Settings named by dotted keys, such as `optimizer.learningRate`. */
import { distance } from 'fastest-levenshtein';
import { SettingsError } from '../user-error.ts';

/** Values by dotted key, such as `{'denoising.groups': 0}`. */
export type DottedValues = Readonly<Record<string, unknown>>;

/**
 * Parses `key=value`. The value is read as JSON if it is valid JSON, otherwise as a string.
 *
 * @throws SettingsError if there is no `=`
 */
export function parseAssignment(text: string): DottedValues {
  const at = text.indexOf('=');
  if (at < 1)
    throw new SettingsError(`'${text}' sets nothing: expected key=value, such as optimizer.learningRate=1e-3`);
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

/** Whether a value is a group of settings. */
export const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Groups whose parts depend on their kind, with examples: a group of another kind can only be set as a unit. */
export const wholes: Readonly<Record<string, string>> = {
  'model.backbone':
    '{"kind":"efficientnet-lite","variant":0} or {"kind":"resnet","depth":50} or {"kind":"tiny","channels":[32,64,128]}',
  'data.canvas': '{"height":640,"width":640} or {"longSide":320} or {"multipleOf":128}',
  init: '{"file":"weights.safetensors"} or pretrained or none',
  'data.augmentation.crop': '{"probability":0.5,"scales":[400,500,600],"least":384,"most":600} or null',
};

/**
 * Sets one value of a complete configuration.
 *
 * @param known keys to suggest where there is no such key, among them those of other models
 * @throws SettingsError if the configuration has no such key, naming the nearest ones, or the key is a group
 */
export function setAt(
  target: Record<string, unknown>,
  key: string,
  value: unknown,
  known: readonly string[] = dottedKeys(target),
): void {
  const parts = key.split('.');
  const last = parts.pop() as string;
  let at = target;
  for (const part of parts) {
    const next = Object.hasOwn(at, part) ? at[part] : undefined;
    if (!isGroup(next)) throw unknownKey(key, known);
    at = next;
  }
  if (!Object.hasOwn(at, last)) throw unknownKey(key, known);
  if (key === 'model.backbone.kind' && value !== at[last]) throw otherKind('model.backbone', key);
  const isExample = Object.hasOwn(wholes, key) && (wholes[key] as string).split(' or ').includes(`${value}`);
  if (isGroup(at[last]) && !isGroup(value) && value !== null && !isExample) {
    const inside = Object.keys(at[last]).map((name) => `${key}.${name}`);
    throw new SettingsError(`${key} has parts: set one of ${inside.join(', ')}, or all of it as a JSON object`);
  }
  at[last] = value;
}

const otherKind = (group: string, key: string): SettingsError =>
  new SettingsError(
    `${key} belongs to another kind of ${group} than the current one: set all of ${group}, to ${wholes[group]}`,
  );

/** Names of settings in other tools. */
const aliases: Readonly<Record<string, string>> = {
  lr: 'optimizer.learningRate',
  wd: 'optimizer.weightDecay',
  steps: 'length={"unit":"steps","count":600}',
  epochs: 'length={"unit":"epochs","count":50}',
  minutes: 'length={"unit":"minutes","count":30}',
};

/** Settings that have moved since earlier versions, by their old key. */
export const moved: Readonly<Record<string, string>> = { 'evaluation.detections': 'objective.detections' };

function unknownKey(key: string, known: readonly string[]): SettingsError {
  const place = Object.hasOwn(moved, key) ? moved[key] : undefined;
  if (place !== undefined) return new SettingsError(`${key} is now called ${place}: set that`);
  const group = Object.keys(wholes).find((whole) => key.startsWith(`${whole}.`));
  if (group !== undefined) return otherKind(group, key);
  return new SettingsError(`there is no setting '${key}': did you mean ${nearest(key, known).join(', or ')}?`);
}

/**
 * At most three suggestions: keys with the same last part, otherwise keys whose last part begins with or contains the
 * given one, otherwise the keys nearest by edit distance.
 */
export function nearest(key: string, known: readonly string[]): readonly string[] {
  const lastOf = (dotted: string): string => (dotted.split('.').at(-1) as string).toLowerCase();
  const last = lastOf(key);
  const alias = Object.hasOwn(aliases, last) ? [aliases[last] as string] : [];
  const byLetters = known
    .map((name) => ({ name, away: Math.min(distance(key, name), distance(last, lastOf(name))) }))
    .sort((a, b) => a.away - b.away);
  const names = byLetters.map(({ name }) => name);
  const least = byLetters.filter(({ away }) => away === byLetters[0]?.away).map(({ name }) => name);
  const found = [
    names.filter((name) => lastOf(name) === last),
    alias,
    names.filter((name) => last.length > 2 && lastOf(name).startsWith(last)),
    names.filter((name) => last.length > 2 && lastOf(name).includes(last)),
    nearestSiblings(key, names),
    least,
  ].find(({ length }) => length > 0);
  return (found as readonly string[]).slice(0, 3);
}

/** Keys in the same group, nearest by edit distance. */
function nearestSiblings(key: string, known: readonly string[]): readonly string[] {
  const group = key.slice(0, key.lastIndexOf('.') + 1);
  const siblings =
    group === '' ? [] : known.filter((name) => name.startsWith(group) && !name.slice(group.length).includes('.'));
  const least = Math.min(...siblings.map((name) => distance(key, name)));
  return siblings.filter((name) => distance(key, name) === least);
}

/** Every key that can be set, such as `optimizer.clipNorm`; groups are included. */
export function dottedKeys(config: object, prefix = ''): string[] {
  return Object.entries(config).flatMap(([name, value]) => {
    const key = `${prefix}${name}`;
    return isGroup(value) ? [key, ...dottedKeys(value, `${key}.`)] : [key];
  });
}

/** Values of all settings that are not groups, by dotted key. */
export function flatValues(config: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([name, value]) =>
      isGroup(value) ? Object.entries(flatValues(value, `${prefix}${name}.`)) : [[`${prefix}${name}`, value]],
    ),
  );
}
