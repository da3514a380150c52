/** A run's `config.json`, which has everything needed to repeat the run. */
import type { Catalog } from './catalog.ts';
import { resolveConfig } from './config/run-settings.ts';
import type { RunConfig, RunOverrides } from './config/schema.ts';
import type { Environment } from './environment.ts';
import { readJson, writeJson } from './json-files.ts';
import type { StoredWeights } from './pretrained/pretrained-weights.ts';
import type { SkippedStartValues } from './start-values.ts';
import { UserError } from './user-error.ts';

/**
 * Version of the format. Version 2 has models with their own settings, their objective, and `init` among the settings.
 */
export const configVersion = 2;

/** The contents of a run's `config.json`. */
export interface StoredConfig {
  /** See `configVersion`; configurations of the first version have none. */
  readonly version: number;
  readonly config: RunConfig;
  /** The parts of the start checkpoint that were skipped. */
  readonly initSkipped?: SkippedStartValues;
  /** The weights that `init: 'pretrained'` has loaded. */
  readonly pretrained?: StoredWeights;
  readonly data: {
    readonly name: string;
    readonly format: string;
    readonly classes: readonly string[];
    readonly train: number;
    readonly val: number;
    /** Hash of names, sizes, classes and objects, and of the decoding of files. */
    readonly hash: string;
    /** The `decodingVersion` of the run's pixels; absent for shapes, and in the first version. */
    readonly decoding?: number;
  };
  /** Number of values in the model's parameters. */
  readonly parameters: number;
  readonly environment: Environment;
}

/** Whether the image files of two runs were decoded differently, so that the same data have different pixels. */
export const decodedOtherwise = (one: StoredConfig['data'], other: StoredConfig['data']): boolean =>
  one.format !== 'shapes' && other.format !== 'shapes' && (one.decoding ?? 1) !== (other.decoding ?? 1);

const required = ['config', 'data', 'parameters', 'environment'] as const;

/** The form in which the first version stored a configuration. */
interface FirstStoredConfig extends Omit<StoredConfig, 'version' | 'config'> {
  readonly version?: undefined;
  readonly config: RunOverrides;
  /** The file from which its weights were started. */
  readonly init?: string;
}

/**
 * Replaces the environment in a run's `config.json`, and nothing else.
 *
 * @throws UserError if it cannot be written
 */
export function noteEnvironment(file: string, environment: Environment): void {
  writeJson(file, { ...readJson<object>(file), environment });
}

/**
 * Reads a `config.json` of any version: settings that an earlier version did not write have their defaults, and
 * settings that the run's model did not use are left out.
 *
 * @throws UserError if the file is missing, of a later version, or not the `config.json` of a run
 */
export function readStoredConfig(file: string, catalog?: Catalog): StoredConfig {
  const stored = readJson<StoredConfig | FirstStoredConfig | null>(file);
  const missing = required.filter((key) => stored?.[key] === undefined);
  if (stored === null || missing.length > 0) {
    throw new UserError(`${file} is not the config.json of a run: it has no ${missing.join(', ')}`);
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
