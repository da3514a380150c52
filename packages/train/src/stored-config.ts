/** `config.json` of a run: enough to repeat it. */
import type { Catalog } from './catalog.ts';
import { resolveConfig } from './config/run-settings.ts';
import type { RunConfig, RunOverrides } from './config/schema.ts';
import type { Environment } from './environment.ts';
import { readJson, writeJson } from './json-files.ts';
import type { StoredWeights } from './pretrained/pretrained-weights.ts';
import type { SkippedStartValues } from './start-values.ts';
import { UserError } from './user-error.ts';

/**
 * Version of the configurations that are written: 2 has models with their own settings, their objective, and `init`
 * among the settings.
 */
export const configVersion = 2;

/** Contents of a run's `config.json`. */
export interface StoredConfig {
  /** Version as `configVersion`; configurations of the first version have none. */
  readonly version: number;
  readonly config: RunConfig;
  /** Parts of the checkpoint that the weights were started from which were not taken. */
  readonly initSkipped?: SkippedStartValues;
  /** The weights that `init: 'pretrained'` meant. */
  readonly pretrained?: StoredWeights;
  readonly data: {
    readonly name: string;
    readonly format: string;
    readonly classes: readonly string[];
    readonly train: number;
    readonly val: number;
    /** Hash of names, sizes, classes and objects, and of how files are decoded. */
    readonly hash: string;
    /** The `decodingVersion` that the run's pixels come from; absent for shapes, and in the first version. */
    readonly decoding?: number;
  };
  /** Number of values in the model's weights. */
  readonly parameters: number;
  readonly environment: Environment;
}

/** Whether the files of a run were decoded in another way than those of another: the same data, but not the same pixels. */
export const decodedOtherwise = (one: StoredConfig['data'], other: StoredConfig['data']): boolean =>
  one.format !== 'shapes' && other.format !== 'shapes' && (one.decoding ?? 1) !== (other.decoding ?? 1);

const required = ['config', 'data', 'parameters', 'environment'] as const;

/** Configuration as the first version wrote it. */
interface FirstStoredConfig extends Omit<StoredConfig, 'version' | 'config'> {
  readonly version?: undefined;
  readonly config: RunOverrides;
  /** File that its weights were started from. */
  readonly init?: string;
}

/** Replaces the environment in a run's `config.json`, and nothing else. @throws UserError if it cannot be written */
export function noteEnvironment(file: string, environment: Environment): void {
  writeJson(file, { ...readJson<object>(file), environment });
}

/**
 * Reads `config.json` as any version wrote it: settings that an earlier one did not write have their default, and those
 * that the run's model did not use are left out.
 *
 * @throws UserError if the file is missing, of a later version, or not what a run writes
 */
export function readStoredConfig(file: string, catalog?: Catalog): StoredConfig {
  const stored = readJson<StoredConfig | FirstStoredConfig | null>(file);
  const missing = required.filter((key) => stored?.[key] === undefined);
  if (stored === null || missing.length > 0) {
    throw new UserError(`${file} is no config.json of a run: it has no ${missing.join(', ')}`);
  }
  const { version } = stored;
  if (version !== undefined && version !== configVersion) {
    throw new UserError(`${file} is of version ${version}, expected ${configVersion}: a later version wrote it`);
  }
  if (version !== undefined) return { ...stored, config: resolveConfig(stored.config, file, catalog) };
  const { init, ...rest } = stored;
  const config = { ...stored.config, init: init === undefined ? ('none' as const) : { file: init } };
  return { ...rest, version: configVersion, config: resolveConfig(config, file, catalog) };
}
