/** Turns the settings of a recipe and a user's changes into the configuration of one model's run. */
import type { z } from 'zod';
import { type Catalog, entryNamed, catalog as standard } from '../catalog.ts';
import type { ModelSpec } from '../models/model-spec.ts';
import { defaultInit, weightsOf } from '../pretrained/init-setting.ts';
import { SettingsError, UserError } from '../user-error.ts';
import { denoisingKeys, keptByKind, ofOtherKind } from './denoising.ts';
import { type DottedValues, dottedKeys, isGroup, moved, nearest, setAt } from './dotted-keys.ts';
import { expected } from './expected.ts';
import { type RunConfig, type RunOverrides, runSchema } from './schema.ts';

/**
 * Settings that may belong to several models: those of a model apply to its runs, so that one recipe and one change
 * serve all models of a comparison.
 */
export interface RunSettings {
  readonly stated: RunOverrides;
  /** Where the settings come from, for messages: a recipe's name, a file. */
  readonly origin: string;
  /** Changes to the stated settings, the latest first where they overlap. */
  readonly changes: DottedValues;
}

/** The configuration of one model's run. */
export interface ResolvedSettings {
  readonly config: RunConfig;
  /** Keys of changes that only other models have. */
  readonly unused: readonly string[];
}

/** The model used where the settings do not name one. */
const defaultModel = 'dn-detr';

/** Settings as a recipe states them, without changes. */
export const runSettings = (stated: RunOverrides, origin: string): RunSettings => ({ stated, origin, changes: {} });

/** The same settings with some values replaced. */
export function withChanges(settings: RunSettings, values: DottedValues): RunSettings {
  const earlier = Object.entries(settings.changes).filter(([key]) => !Object.hasOwn(values, key));
  return { ...settings, changes: { ...Object.fromEntries(earlier), ...values } };
}

/**
 * The configuration of the model that the settings name, with all defaults filled in.
 *
 * @throws UserError listing every stated field that no model has or whose value is not allowed
 * @throws SettingsError if a change names a key that no model has, suggesting the nearest ones, or a value that its key
 *   cannot have
 */
export function resolveSettings(settings: RunSettings, catalog: Catalog = standard): ResolvedSettings {
  const { stated, origin, changes } = settings;
  const changedName = changes['model.name'];
  const spec =
    changedName === undefined
      ? entryNamed(catalog.models, 'name', stated.model?.name ?? defaultModel, `${origin}: model.name`)
      : entryNamed(catalog.models, 'name', changedName, 'set: model.name', SettingsError);
  const own = ownPart(stated, spec, catalog);
  const config = withDenoising(parse(own, spec, catalog, origin, UserError), changes, spec, catalog);
  const target = structuredClone(config) as Record<string, unknown> & RunConfig;
  const ofOthers = lazily(() => {
    const others = catalog.models.filter((other) => other !== spec);
    // Keys of the model with the most settings come first, in its order, so that advice on mistakes lists them that
    // way.
    const keys = others.map((other) => keysOf(other, stated, origin, catalog)).sort((a, b) => b.length - a.length);
    return new Set([...keys.flat(), ...others.flatMap(({ denoising }) => denoisingKeys(denoising))]);
  });
  const unused: string[] = [];
  const ownKeys = new Set(dottedKeys(config));
  for (const [key, value] of Object.entries(changes)) {
    if (key === 'model.name' || (config.denoising && choosesDenoising(key))) continue;
    const misplaced = denoisingKeys(spec.denoising).includes(key) && ofOtherKind(key, config.denoising?.kind);
    if (misplaced) throw new SettingsError(misplaced);
    if (!ownKeys.has(key) && ofOthers().has(key)) unused.push(key);
    else setAt(target, key, value, ownKeys.has(key) ? [...ownKeys] : [...new Set([...ofOthers(), ...ownKeys])]);
  }
  return { config: withInit(parse(target, spec, catalog, 'set', SettingsError), settings, catalog), unused };
}

/**
 * Fills in `init`, whose default depends on the backbone and therefore on all changes.
 *
 * @throws UserError if `init` is `pretrained` and there are no such weights
 */
function withInit(config: RunConfig, { stated, changes }: RunSettings, catalog: Catalog): RunConfig {
  const isChanged = Object.keys(changes).some((key) => key === 'init' || key.startsWith('init.'));
  const isStated = isChanged || stated.init !== undefined;
  const started = isStated ? config : { ...config, init: defaultInit(config, catalog) };
  weightsOf(started, catalog, isChanged ? SettingsError : UserError);
  return started;
}

/** Whether a key decides which settings of denoising there are; such keys are changed before all others. */
const choosesDenoising = (key: string): boolean => key === 'denoising' || key === 'denoising.kind';

/** Switches to another kind of denoising, if a change asks for it; settings that both kinds have keep their values. */
function withDenoising(config: RunConfig, changes: DottedValues, spec: ModelSpec, catalog: Catalog): RunConfig {
  const chosen = Object.entries(changes).filter(([key]) => choosesDenoising(key));
  if (config.denoising === undefined || chosen.length === 0) return config;
  const target: Record<string, unknown> = { ...structuredClone(config) };
  for (const [key, value] of chosen) {
    setAt(target, key, value);
    if (key === 'denoising.kind' && isGroup(target.denoising)) target.denoising = keptByKind(target.denoising, value);
  }
  return parse(target, spec, catalog, 'set', SettingsError);
}

/** `resolveSettings` for settings without changes. */
export const resolveConfig = (stated: RunOverrides, origin: string, catalog: Catalog = standard): RunConfig =>
  resolveSettings(runSettings(stated, origin), catalog).config;

/** Names of the models that have a setting with this key, given these settings. */
export function modelsWith(key: string, { stated, origin }: RunSettings, catalog: Catalog = standard): string[] {
  return catalog.models
    .filter((spec) => [...keysOf(spec, stated, origin, catalog), ...denoisingKeys(spec.denoising)].includes(key))
    .map(({ name }) => name);
}

/** The dotted keys of a model's configuration, given these settings. */
const keysOf = (spec: ModelSpec, stated: RunOverrides, origin: string, catalog: Catalog): string[] =>
  dottedKeys(parse(ownPart(stated, spec, catalog), spec, catalog, origin, UserError));

/** The stated settings that apply to this model: keys that only other models have are removed. */
function ownPart(stated: RunOverrides, spec: ModelSpec, catalog: Catalog): RunOverrides {
  const part = structuredClone(stated) as Record<string, unknown>;
  for (const [old, now] of Object.entries(moved)) move(part, old.split('.'), now.split('.'));
  if (isGroup(part.model)) part.model = { ...part.model, name: spec.name };
  const result = runSchema(spec, catalog).safeParse(part);
  if (result.success) return part;
  const ofOthers = lazily(() => keysOfOthers(spec, catalog));
  for (const { path, ...issue } of result.error.issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const group = path.reduce<unknown>((at, name) => (at as Record<PropertyKey, unknown>)?.[name], part);
    for (const key of issue.keys) {
      if (isGroup(group) && ofOthers().has([...path, key].join('.'))) delete group[key];
    }
  }
  return part;
}

/** Keys in the defaults of other models, except those of denoising kinds that this model can be trained with. */
function keysOfOthers(spec: ModelSpec, catalog: Catalog): ReadonlySet<string> {
  const own = denoisingKeys(spec.denoising);
  const keys = catalog.models
    .filter((other) => other !== spec)
    .flatMap((other) => [...defaultKeys(other, catalog), ...denoisingKeys(other.denoising)]);
  return new Set(keys.filter((key) => !own.includes(key)));
}

/** Moves a setting from its old place to the new one, unless the new one is set. */
function move(config: Record<string, unknown>, from: readonly string[], to: readonly string[]): void {
  const [oldGroup, oldKey] = from as [string, string];
  const [group, key] = to as [string, string];
  const old = config[oldGroup];
  if (!isGroup(old) || !Object.hasOwn(old, oldKey)) return;
  const now = isGroup(config[group]) ? config[group] : {};
  config[group] = { [key]: old[oldKey], ...now };
  delete old[oldKey];
}

function parse(
  stated: RunOverrides,
  spec: ModelSpec,
  catalog: Catalog,
  origin: string,
  Problem: typeof UserError,
): RunConfig {
  const result = runSchema(spec, catalog).safeParse(stated, { error: expected });
  if (result.success) return result.data as RunConfig;
  throw new Problem(
    result.error.issues
      .map((issue) => `${origin}: ${describeIssue(issue, stated, () => defaultKeys(spec, catalog))}`)
      .join('\n'),
  );
}

const defaultKeys = (spec: ModelSpec, catalog: Catalog): string[] =>
  dottedKeys(parse({}, spec, catalog, 'defaults', UserError));

function describeIssue(issue: z.core.$ZodIssue, input: RunOverrides, known: () => readonly string[]): string {
  const at = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => (at === '' ? key : `${at}.${key}`));
    const misplaced = keys.flatMap((key) => ofOtherKind(key, input.denoising?.kind) ?? []);
    if (misplaced[0] !== undefined) return misplaced[0];
    const meant = keys.map((key) => `${key}: did you mean ${nearest(key, known()).join(', or ')}?`);
    return `there is no setting ${meant.join(' ')}`;
  }
  const value = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], input);
  return `${at} is ${JSON.stringify(value)}: ${issue.message.replace(/^Invalid input: /, '')}`;
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
