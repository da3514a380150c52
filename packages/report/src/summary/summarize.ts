/** Makes a summary from the folders of runs, finished or not. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  decodedOtherwise,
  type EvaluationLine,
  type RunResult,
  readStoredConfig,
  runFolder,
  type StoredConfig,
  UserError,
} from '@dn-detr/train';
import { readJson, readJsonLines } from '@dn-detr/train/files';
import { comparableAt } from './comparable.ts';
import { comparisons, pairsOf, stepsComparisons } from './comparisons.ts';
import { comparedSamples } from './samples.ts';
import { settingsOf } from './settings.ts';
import type { AblationHeading, CurvePoint, FinalMetrics, ModelSummary, SeedRun, Summary } from './summary.ts';

/** A run to be summarised. */
export interface RunSource {
  /** Name of the run's model. */
  readonly model: string;
  readonly folder: string;
  /** Why the run failed, if it did. */
  readonly failed?: string;
}

/** The parts of a summary that are not read from runs. */
export interface SummaryFrame {
  readonly name: string;
  readonly command: string;
  readonly recipe: string;
  /** The folder that the runs' folders are relative to in the summary. */
  readonly folder: string;
  /** Number of runs that have not begun. @defaultValue `0` */
  readonly waiting?: number;
  readonly ablation?: AblationHeading;
}

/**
 * Below this AP50 a detector has not begun to detect, and only guesses classes and rough positions. Models from scratch stay
 * there for a long time and then leave it within a few hundred steps.
 */
const plateauAP50 = 0.1;

/**
 * Summarises runs, only from the files in their folders.
 *
 * @throws UserError if a folder contains no run, or the runs are on different data.
 */
export function summarize(sources: readonly RunSource[], frame: SummaryFrame): Summary {
  const read = sources.map((source) => ({ ...source, ...readRun(source, frame.folder) }));
  const pretrained = distinct(read.flatMap(({ stored }) => stored.pretrained ?? []));
  const environments = distinct(read.map(({ stored }) => stored.environment));
  const runs = read.map(({ run, stored, ...source }) => {
    const environment = environments.findIndex((other) => isDeepStrictEqual(other, stored.environment));
    return { ...source, stored, settings: settingsOf(stored.config), run: { ...run, environment } };
  });
  const [first] = runs;
  if (first === undefined) throw new UserError('there are no runs to summarise');
  const other = runs.find(({ stored }) => stored.data.hash !== first.stored.data.hash);
  if (other) {
    const { folder, stored } = other;
    throw new UserError(
      decodedOtherwise(stored.data, first.stored.data)
        ? `${folder} and ${first.folder} are from versions that decode images differently: their figures cannot be compared`
        : `${folder} was trained or evaluated on other data than ${first.folder}: their figures cannot be compared`,
    );
  }
  const keys = Object.keys(Object.assign({}, ...runs.map(({ settings }) => settings)));
  const shared = keys.filter((key) =>
    runs.every(({ settings }) => isDeepStrictEqual(settings[key], first.settings[key])),
  );
  const models = [...new Set(runs.map(({ model }) => model))].map((name): ModelSummary => {
    const own = runs.filter(({ model }) => model === name);
    const { stored, settings } = own[0] as (typeof runs)[number];
    const differing = Object.keys(settings).filter((key) => !shared.includes(key));
    return {
      name,
      settings: Object.fromEntries(differing.map((key) => [key, valueIn(own.map((run) => run.settings[key]))])),
      parameters: stored.parameters,
      runs: own.map(({ run }) => run).toSorted((a, b) => a.seed - b.seed),
    };
  });
  const ablation = frame.ablation && { ablation: frame.ablation };
  const pairs = pairsOf({ models, ...ablation }).map((pair) => {
    const names = [pair.model.name, pair.baseline.name];
    return { pair, at: comparableAt(runs.filter(({ model }) => names.includes(model)).map(({ stored }) => stored)) };
  });
  const samples = comparedSamples(
    models.map(({ runs: [run] }) => path.resolve(frame.folder, (run as SeedRun).folder)),
    frame.folder,
  );
  const { stored } = first;
  const { name: source, format, classes, train, val, hash } = stored.data;
  return {
    schema: 2,
    name: frame.name,
    command: frame.command,
    updated: new Date().toISOString(),
    finished: (frame.waiting ?? 0) === 0 && runs.every(({ run }) => run.status === 'done'),
    recipe: frame.recipe,
    data: { source, format, classes, train, val, hash },
    settings: Object.fromEntries(shared.map((key) => [key, first.settings[key]])),
    ...(pretrained.length > 0 && { pretrained }),
    environments,
    models,
    ...ablation,
    comparisons: pairs.flatMap(({ pair, at }) => at.flatMap((equal) => comparisons(pair, equal))),
    stepsRatios: pairs.flatMap(({ pair, at }) => (at.includes('steps') ? stepsComparisons(pair) : [])),
    notCompared: pairs.flatMap(({ pair: { model, baseline }, at }) =>
      (['steps', 'seconds'] as const)
        .filter((equal) => !at.includes(equal))
        .map((equal) => ({ model: model.name, baseline: baseline.name, at: equal })),
    ),
    ...(samples && { samples }),
  };
}

const distinct = <T>(values: readonly T[]): T[] =>
  values.filter((value, i) => values.findIndex((other) => isDeepStrictEqual(other, value)) === i);

/** The value of a setting in a model's runs, which may differ in settings that do not affect results. */
function valueIn(values: readonly unknown[]): unknown {
  const different = distinct(values);
  return different.length === 1 ? different[0] : different.map((value) => JSON.stringify(value)).join(' or ');
}

function readRun(
  { folder, failed }: RunSource,
  base: string,
): { run: Omit<SeedRun, 'environment'>; stored: StoredConfig } {
  const files = runFolder(folder);
  if (!existsSync(files.config)) throw new UserError(`${folder} contains no run: there is no config.json in it`);
  const stored = readStoredConfig(files.config);
  const lines = readJsonLines<EvaluationLine>(files.evaluations);
  const result = existsSync(files.result) ? readJson<RunResult>(files.result) : undefined;
  const diverged = existsSync(files.diverged) ? readJson<{ problem: string; step: number }>(files.diverged) : undefined;
  const message = failed ?? (diverged && `diverged at step ${diverged.step}: ${diverged.problem}`);
  const last = lines.at(-1);
  const run = {
    seed: stored.config.seed,
    folder: path.relative(base, folder),
    status: message !== undefined ? ('failed' as const) : result?.finished ? ('done' as const) : ('stopped' as const),
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
