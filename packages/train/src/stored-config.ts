/** `config.json` of a run: enough to repeat it. */
import { resolveConfig } from './config/run-settings.ts';
import type { RunConfig } from './config/schema.ts';
import type { Environment } from './environment.ts';
import { readJson } from './json-files.ts';
import type { SkippedStartValues } from './start-values.ts';
import { UserError } from './user-error.ts';

export interface StoredConfig {
  readonly config: RunConfig;
  /** the file its weights were started from */
  readonly init?: string;
  readonly initSkipped?: SkippedStartValues;
  readonly data: {
    readonly name: string;
    readonly format: string;
    readonly classes: readonly string[];
    readonly train: number;
    readonly val: number;
    /** hash of names, sizes, classes and objects, and of how files are decoded */
    readonly hash: string;
    /** the `decodingVersion` that the run's pixels come from; absent for shapes, and in the first version */
    readonly decoding?: number;
  };
  /** numbers in the model's weights */
  readonly parameters: number;
  readonly environment: Environment;
}

/** Whether the files of a run were decoded in another way than those of another: the same data, but not the same pixels. */
export const decodedOtherwise = (one: StoredConfig['data'], other: StoredConfig['data']): boolean =>
  one.format !== 'shapes' && other.format !== 'shapes' && (one.decoding ?? 1) !== (other.decoding ?? 1);

const required = ['config', 'data', 'parameters', 'environment'] as const;

/**
 * Settings that an earlier version did not write have their default.
 *
 * @throws UserError if the file is missing, or not what a run writes
 */
export function readStoredConfig(file: string): StoredConfig {
  const stored = readJson<StoredConfig | null>(file);
  const missing = required.filter((key) => stored?.[key] === undefined);
  if (stored === null || missing.length > 0) {
    throw new UserError(`${file} is no config.json of a run: it has no ${missing.join(', ')}`);
  }
  return { ...stored, config: resolveConfig(stored.config, file) };
}
