/** Training in one call: from settings to a run in its folder. */
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

/** Where a run is kept, how it is done, and its callbacks. */
export interface TrainOptions {
  /** Folder where the run keeps its settings, logs, samples and checkpoints. */
  readonly folder: string;
  /** Whether to resume a run of these settings that is in the folder; otherwise a folder with one is refused. */
  readonly resume?: boolean;
  /**
   * Models, backbones and readers that the settings can name: `{ ...catalog, models: [...catalog.models, mine] }` adds
   * your own model.
   */
  readonly catalog?: Catalog;
  /** Backend such as `wasm`. @defaultValue the fastest there is (see `useBackend` of `@dn-detr/runtime`) */
  readonly backend?: string;
  readonly events?: TrainingEvents;
  /** Called with what a user should know before the run begins, one line at a time. @defaultValue console.warn */
  readonly say?: (text: string) => void;
  /** Ends the run after the current step; everything is saved. */
  readonly signal?: AbortSignal;
}

export interface TrainedRun extends RunResult {
  /** The last evaluation, if there was one. */
  readonly evaluation: EvaluationLine | undefined;
  /** Safetensors files: the weights with the best AP, and the last ones with everything that resuming needs. */
  readonly best: string;
  readonly last: string;
}

/**
 * Trains a model, with what is left out of the settings as in its paper.
 *
 * @throws UserError if a setting does not fit, the folder cannot be used, or the loss diverges
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
