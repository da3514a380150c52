/** The layout of a run's folder: the one place that knows the names of its files. */
import path from 'node:path';
import { removeLeftovers } from './atomic-file.ts';
import { makeFolder } from './json-files.ts';

/** The paths of the files in a run's folder. */
export interface RunFolder {
  readonly path: string;
  /** The complete configuration, versions and data of the run. */
  readonly config: string;
  /** One line for each training step. */
  readonly metrics: string;
  /** One line for each evaluation. */
  readonly evaluations: string;
  /** A few images followed through the run: their objects, and one line for each evaluation. */
  readonly samples: { readonly folder: string; readonly images: string; readonly evaluations: string };
  /** Weights, optimiser state and everything else that resuming needs. */
  readonly last: string;
  /** The weights with the best AP so far. */
  readonly best: string;
  /** TensorBoard event files. */
  readonly events: string;
  /** Written by a run that stopped early because its training diverged. */
  readonly diverged: string;
  /** Where the run ended: at its last step, or where it was stopped. */
  readonly result: string;
}

/** The paths of a run's files. */
export function runFolder(folder: string): RunFolder {
  const inside = (...parts: string[]) => path.join(folder, ...parts);
  return {
    path: folder,
    config: inside('config.json'),
    metrics: inside('metrics.jsonl'),
    evaluations: inside('evaluations.jsonl'),
    samples: {
      folder: inside('samples'),
      images: inside('samples', 'images.json'),
      evaluations: inside('samples', 'evaluations.jsonl'),
    },
    last: inside('checkpoints', 'last.safetensors'),
    best: inside('checkpoints', 'best.safetensors'),
    events: inside('events'),
    diverged: inside('diverged.json'),
    result: inside('result.json'),
  };
}

/**
 * Creates a run's folders and removes temporary files left over from killed processes.
 *
 * @throws UserError if the folders cannot be created
 */
export function makeRunFolder(folder: string): RunFolder {
  const run = runFolder(folder);
  for (const inner of [path.dirname(run.last), run.events, run.samples.folder]) makeFolder(inner);
  for (const inner of [folder, path.dirname(run.last), run.samples.folder]) removeLeftovers(inner);
  return run;
}
