/** A summary from the folders of runs, finished or not. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type DottedValues, flatValues } from '../config/overrides.ts';
import { readJson, readJsonLines, runFolder } from '../train/run-folder.ts';
import type { RunResult } from '../train/start.ts';
import { readStoredConfig, type StoredConfig } from '../train/stored-config.ts';
import type { EvaluationLine } from '../train/training-run.ts';
import { UserError } from '../user-error.ts';
import { comparisons, pairsOf, stepsComparisons } from './statistics.ts';
import type { AblationHeading, CurvePoint, FinalMetrics, ModelSummary, SeedRun, Summary } from './summary.ts';

/** A run to be summed up. */
export interface RunSource {
  /** of the model it is a run of */
  readonly model: string;
  readonly folder: string;
  /** why it ended early */
  readonly failed?: string;
}

export interface SummaryFrame {
  readonly name: string;
  readonly command: string;
  readonly recipe: string;
  /** what `folder` is relative to */
  readonly folder: string;
  /** runs that are still to begin; 0 */
  readonly waiting?: number;
  readonly ablation?: AblationHeading;
}

/**
 * Below this AP50 a detector has not begun to detect: classes and rough places are guessed. Models from scratch stay there
 * for a long time and then leave it within a few hundred steps.
 */
export const plateauAP50 = 0.05;

/** @throws UserError if a folder holds no run, or the runs are of different data */
export function summarize(sources: readonly RunSource[], frame: SummaryFrame): Summary {
  const runs = sources.map((source) => ({ ...source, ...readRun(source, frame.folder) }));
  const [first] = runs;
  if (first === undefined) throw new UserError('there are no runs to sum up');
  const other = runs.find(({ stored }) => stored.data.hash !== first.stored.data.hash);
  if (other) {
    throw new UserError(
      `${other.folder} was trained or evaluated on other data than ${first.folder}: their figures cannot be compared`,
    );
  }
  for (const [i, { model, run }] of runs.entries()) {
    const twin = runs.slice(0, i).find((before) => before.model === model && before.run.seed === run.seed);
    if (twin) throw new UserError(`${twin.folder} and ${runs[i]?.folder} are both ${model} with seed ${run.seed}`);
  }
  const settings = runs.map(({ stored }) => settingsOf(stored));
  const keys = Object.keys(Object.assign({}, ...settings));
  const shared = keys.filter((key) => settings.every((values) => isDeepStrictEqual(values[key], settings[0]?.[key])));
  const models = [...new Set(runs.map(({ model }) => model))].map((name): ModelSummary => {
    const own = runs.filter(({ model }) => model === name);
    const { stored } = own[0] as (typeof runs)[number];
    const differing = Object.entries(settingsOf(stored)).filter(([key]) => !shared.includes(key));
    return {
      name,
      settings: Object.fromEntries(differing),
      parameters: stored.parameters,
      runs: own.map(({ run }) => run).toSorted((a, b) => a.seed - b.seed),
    };
  });
  const [baseline] = models;
  const pairs = pairsOf(models).filter((pair) => !frame.ablation || pair.baseline === baseline);
  const { stored } = first;
  const { name: source, format, classes, train, val, hash } = stored.data;
  return {
    schema: 1,
    name: frame.name,
    command: frame.command,
    updated: new Date().toISOString(),
    finished: (frame.waiting ?? 0) === 0 && runs.every(({ run }) => run.status === 'done'),
    recipe: frame.recipe,
    data: { source, format, classes, train, val, hash },
    settings: Object.fromEntries(shared.map((key) => [key, settings[0]?.[key]])),
    environment: stored.environment,
    models,
    ...(frame.ablation && { ablation: frame.ablation }),
    comparisons: pairs.flatMap(({ model, baseline }) => comparisons(model, baseline)),
    stepsRatios: pairs.flatMap(({ model, baseline }) => stepsComparisons(model, baseline)),
  };
}

/** All but the seed, which differs between the runs of one model. */
function settingsOf({ config }: StoredConfig): DottedValues {
  const { seed: _, ...settings } = flatValues(config);
  return settings;
}

function readRun({ folder, failed }: RunSource, base: string): { run: SeedRun; stored: StoredConfig } {
  const files = runFolder(folder);
  if (!existsSync(files.config)) throw new UserError(`${folder} holds no run: there is no config.json in it`);
  const stored = readStoredConfig(files.config);
  const lines = readJsonLines<EvaluationLine>(files.evaluations);
  const result = existsSync(files.result) ? readJson<RunResult>(files.result) : undefined;
  const diverged = existsSync(files.diverged) ? readJson<{ problem: string; step: number }>(files.diverged) : undefined;
  const message = failed ?? (diverged && `diverged at step ${diverged.step}: ${diverged.problem}`);
  const last = lines.at(-1);
  const run: SeedRun = {
    seed: stored.config.seed,
    folder: path.relative(base, folder),
    status: message !== undefined ? 'failed' : result?.finished ? 'done' : 'stopped',
    ...(message !== undefined && { message }),
    curve: lines.map(pointOf),
    ...(last && { final: finalOf(last) }),
    peakMiB: result?.peakMiB ?? 0,
    onPlateau: last !== undefined && Math.max(...lines.map(({ AP50 }) => AP50)) < plateauAP50,
  };
  return { run, stored };
}

function pointOf(line: EvaluationLine): CurvePoint {
  const { step, epoch, seconds, loss, losses, AP, AP50, AP75, instability, instabilityRaw, anchorDistance } = line;
  return { step, epoch, seconds, loss, losses, AP, AP50, AP75, instability, instabilityRaw, anchorDistance };
}

function finalOf(line: EvaluationLine): FinalMetrics {
  const { step, epoch, seconds, AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, perClass, duplicates } = line;
  return { step, epoch, seconds, AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, perClass, duplicates };
}
