/** Training in one call, from settings to a run in its folder. */
import path from 'node:path';
import { useBackend } from '@dn-detr/runtime';
import { backendOptionsOf } from './backend-options.ts';
import { type Catalog, catalog as standard } from './catalog.ts';
import { resolveConfig } from './config/run-settings.ts';
import type { RunOverrides } from './config/schema.ts';
import { readJsonLines } from './json-files.ts';
import type { EvaluationLine } from './log-lines.ts';
import { runFolder } from './run-folder.ts';
import { type RunResult, runTraining } from './start.ts';
import type { TrainingEvents } from './training-run.ts';

/** Options of `train`. */
export interface TrainOptions {
  /** Folder for the run's settings, logs, samples and checkpoints. */
  readonly folder: string;
  /**
   * Whether to resume a run with these settings that is already in the folder; otherwise such a folder is refused.
   *
   * @defaultValue false
   */
  readonly resume?: boolean;
  /**
   * The models, backbones and readers that the settings can name; `{ ...catalog, models: [...catalog.models, mine] }`
   * adds your own model.
   *
   * @defaultValue `catalog`
   */
  readonly catalog?: Catalog;
  /**
   * Name of the backend, such as `wasm`.
   *
   * @defaultValue the fastest available one (see `useBackend` of `@dn-detr/runtime`)
   */
  readonly backend?: string;
  readonly events?: TrainingEvents;
  /** Called with each line that a user should know before the run begins. @defaultValue `console.warn` */
  readonly say?: (text: string) => void;
  /** Stops the run after the current step; everything is saved. */
  readonly signal?: AbortSignal;
}

/** The result of `train`. */
export interface TrainedRun extends RunResult {
  /** The last evaluation, if there was one. */
  readonly evaluation: EvaluationLine | undefined;
  /** Path of the weights with the best AP, a safetensors file. */
  readonly best: string;
  /** Path of the last weights, with everything that resuming needs, a safetensors file. */
  readonly last: string;
}

/**
 * Trains a model; settings that are left out are as in its paper.
 *
 * @throws UserError if a setting does not fit, the folder cannot be used, or training diverges
 * @throws DataError if the data cannot be used
 */
export async function train(
  settings: RunOverrides,
  { folder, resume = false, catalog = standard, backend, say = console.warn, ...options }: TrainOptions,
): Promise<TrainedRun> {
  const config = resolveConfig(settings, 'settings', catalog);
  const result = await runTraining({
    ...options,
    ...{ config, resume, catalog, say },
    folder: path.resolve(folder),
    backend: await useBackend(backend, backendOptionsOf(config)),
  });
  const { evaluations, best, last } = runFolder(path.resolve(folder));
  return { ...result, evaluation: readJsonLines<EvaluationLine>(evaluations).at(-1), best, last };
}
