/** Where a run keeps what: one place for all its file names. */
import path from 'node:path';
import { removeLeftovers } from './atomic-file.ts';
import { makeFolder } from './json-files.ts';

/** The paths of the files in a run's folder. */
export interface RunFolder {
  readonly path: string;
  /** The full configuration, versions and data of the run. */
  readonly config: string;
  /** One line per step. */
  readonly metrics: string;
  /** One line per evaluation. */
  readonly evaluations: string;
  /** A few images followed through the run: their objects, and one line per evaluation. */
  readonly samples: { readonly folder: string; readonly images: string; readonly evaluations: string };
  /** Weights, optimiser and everything else that resuming needs. */
  readonly last: string;
  /** The weights with the best AP. */
  readonly best: string;
  /** TensorBoard's event files */
  readonly events: string;
  /** Written by a run that ended early because its loss was no longer a number. */
  readonly diverged: string;
  /** Where the run ended: at its last step, or where it was stopped. */
  readonly result: string;
}

/** Where the files of a run are. */
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

/** @throws UserError if the folders cannot be made */
export function makeRunFolder(folder: string): RunFolder {
  const run = runFolder(folder);
  for (const inner of [path.dirname(run.last), run.events, run.samples.folder]) makeFolder(inner);
  for (const inner of [folder, path.dirname(run.last), run.samples.folder]) removeLeftovers(inner);
  return run;
}
