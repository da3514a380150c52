/** Starts a run in its folder: opens data, builds the model, loads start values, and stores the configuration. */
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { decodingVersion } from '@dn-detr/data';
import type { BackendChoice } from '@dn-detr/runtime';
import { type Catalog, catalog as standard } from './catalog.ts';
import { flatValues } from './config/dotted-keys.ts';
import type { RunConfig } from './config/schema.ts';
import { environmentOf, otherNativeOps } from './environment.ts';
import { featuresNote } from './features/features-note.ts';
import { asksForFeatures } from './features/run-features.ts';
import { holdFolder } from './hold-folder.ts';
import { besideBackbone, type Init, requireFrozenWeights, requireSameInit, withInitHash } from './init.ts';
import { writeJson } from './json-files.ts';
import { withKnownSlots } from './known-slots.ts';
import { buildModel, type Model } from './models/model.ts';
import { fetchWeights } from './pretrained/fetch.ts';
import { weightsOf } from './pretrained/init-setting.ts';
import { type PretrainedWeights, storedWeights } from './pretrained/pretrained-weights.ts';
import { backboneValues } from './pretrained/start.ts';
import { shortageNote } from './query-shortage.ts';
import { dataHash, decodingOf, openRunData, type RunData } from './run-data.ts';
import { makeRunFolder, runFolder } from './run-folder.ts';
import { type StartValues, startValues } from './start-values.ts';
import { configVersion, noteEnvironment, readStoredConfig, type StoredConfig } from './stored-config.ts';
import { type TrainingEvents, TrainingRun } from './training-run.ts';
import { FolderError } from './user-error.ts';

/** The contents of a run's `result.json`: where it ended. */
export interface RunResult {
  readonly step: number;
  readonly seconds: number;
  /** False if it was stopped and can be resumed. */
  readonly finished: boolean;
  /** Largest resident memory of the run's process. */
  readonly peakMiB: number;
}

/** Options of `runTraining`. */
export interface StartOptions {
  readonly config: RunConfig;
  readonly folder: string;
  /** Whether to resume a run that is already in the folder; otherwise such a folder is refused. */
  readonly resume: boolean;
  readonly backend: BackendChoice;
  /** The models, backbones and readers that configurations can name. */
  readonly catalog?: Catalog;
  readonly events?: TrainingEvents;
  /** Called with what a user should know before the run begins. */
  readonly say: (text: string) => void;
  /** Stops the run after the current step. */
  readonly signal?: AbortSignal;
}

/**
 * Trains until the run has finished or is stopped.
 *
 * @throws UserError if the folder contains another run, is in use or cannot be written to, the checkpoint to start from
 *   does not fit, or training diverges
 * @throws DataError if the data cannot be used
 */
export async function runTraining(options: StartOptions): Promise<RunResult> {
  const { folder, resume } = options;
  // When resuming, the previous process may still be shutting down.
  const release = await holdFolder(folder, resume ? 10_000 : 0);
  try {
    return await train(options);
  } finally {
    release();
  }
}

async function train(options: StartOptions): Promise<RunResult> {
  const run = await startRun(options);
  try {
    await run.go(options.signal);
    const { step, seconds } = run.counters;
    const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
    const result = { step, seconds, finished: run.finished, peakMiB };
    writeJson(runFolder(options.folder).result, result);
    return result;
  } finally {
    run.dispose();
  }
}

async function startRun(options: StartOptions): Promise<TrainingRun> {
  const { folder, resume, backend, catalog = standard, events, say } = options;
  const before = existsSync(runFolder(folder).config) ? readStoredConfig(runFolder(folder).config, catalog) : undefined;
  if (before && !resume) {
    throw new FolderError(`${folder} holds a run already: resume it, or name another folder`);
  }
  if (before) requireSameInit(before.config.init, options.config.init, folder);
  const begun = existsSync(runFolder(folder).last);
  // Once a run has its own checkpoint, the file that it started from may be gone.
  const config = before ? { ...options.config, init: before.config.init } : withInitHash(options.config);
  const data = await openRunData(config, catalog.readers);
  for (const notice of data.notices) say(notice);
  const model = buildModel(config, data.dataset.categories.length, catalog);
  const weights = weightsOf(config, catalog);
  const stored = storedConfig(config, data, model, { backend, weights });
  if (before) {
    requireSameSettings(before.config, config, folder);
    requireSameDecoding(before.data, folder);
    requireSameData(before.data, stored.data, folder);
    const others = otherNativeOps(before.environment, stored.environment);
    if (others !== undefined) {
      say(`note: ${others.notice}`);
      noteEnvironment(runFolder(folder).config, others.environment);
    }
  }
  for (const note of [shortageNote(model, config, data), featuresNote(config, model.detector.backbone, data)]) {
    if (note !== undefined) say(`note: ${note}`);
  }
  // The file of a new run has just been read for its hash; that of a run without a checkpoint may have changed since.
  const { init } = before && !begun ? withInitHash(config) : config;
  const values = begun ? undefined : await startOf({ init, weights }, model, stored.data.classes);
  for (const line of values?.notices ?? []) say(line);
  // From here on the folder contains a run.
  const run = makeRunFolder(folder);
  if (!before) writeJson(run.config, { ...stored, ...(values?.skipped && { initSkipped: values.skipped }) });
  return new TrainingRun({
    ...{ config: withKnownSlots(config, data.train), model, data, folder: run, backend, say },
    ...(values && { initial: values.parameters }),
    ...(events && { events }),
  });
}

/**
 * Loads the values that a run starts from; undefined for random ones.
 *
 * @throws UserError if a frozen stage would stay at random values, or pretrained weights cannot be downloaded
 */
async function startOf(
  { init, weights }: { readonly init: Init; readonly weights: PretrainedWeights | undefined },
  model: Model,
  classes: readonly string[],
): Promise<StartValues | undefined> {
  if (weights !== undefined) {
    requireFrozenWeights(model, besideBackbone(model));
    return backboneValues(await fetchWeights(weights), weights, model);
  }
  if (typeof init === 'string') {
    requireFrozenWeights(model);
    return undefined;
  }
  const values = startValues(init.file, model, classes);
  requireFrozenWeights(model, values.skipped.drawn);
  return values;
}

function storedConfig(
  config: RunConfig,
  data: RunData,
  { detector }: Model,
  { backend, weights }: { readonly backend: BackendChoice; readonly weights: PretrainedWeights | undefined },
): StoredConfig {
  const { name, format, categories } = data.dataset;
  const decoding = decodingOf(data.dataset);
  return {
    version: configVersion,
    config,
    ...(weights && { pretrained: storedWeights(weights) }),
    data: {
      name,
      format,
      classes: categories.map((category) => category.name),
      train: data.train.length,
      val: data.val.length,
      hash: dataHash(data),
      ...(decoding !== undefined && { decoding }),
    },
    parameters: detector.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    environment: environmentOf(backend, config.gpu),
  };
}

/**
 * Checks that image files are decoded as when the run was started.
 *
 * @throws FolderError if they are decoded differently
 */
export function requireSameDecoding({ name, format, decoding = 1 }: StoredConfig['data'], folder: string): void {
  if (format === 'shapes' || decoding === decodingVersion) return;
  throw new FolderError(
    `the images in ${name} are decoded differently now (version ${decodingVersion}) than when the run in ${folder} was ` +
      `started (version ${decoding}), so that their pixels may have changed: a resumed run, and runs that are compared, need ` +
      'the same pixels. Name another folder',
  );
}

/** A run may be resumed with other versions of software, but not on other data. */
function requireSameData(before: StoredConfig['data'], now: StoredConfig['data'], folder: string): void {
  if (before.hash === now.hash) return;
  throw new FolderError(
    `the data in ${now.name} has changed since the run in ${folder} was started (${before.train} training images then, ` +
      `${now.train} now): a resumed run needs the same data. Name another folder`,
  );
}

/** Settings that may change when a run is resumed, since the results do not depend on them. */
const changeable: readonly string[] = ['checkpoint.every', 'data.cacheMiB', 'features.memoryMiB', 'features.disk'];

/** Whether a setting may change. Switching between steps from images and steps from features changes the last bits. */
const mayChange = (key: string, before: RunConfig, now: RunConfig): boolean =>
  changeable.includes(key) && (!key.startsWith('features.') || asksForFeatures(before) === asksForFeatures(now));

/**
 * Checks that a resumed run has the same settings.
 *
 * @throws FolderError naming the settings that differ
 */
export function requireSameSettings(before: RunConfig, now: RunConfig, folder: string): void {
  const [old, asked] = [flatValues(before), flatValues(now)];
  const changed = Object.keys({ ...old, ...asked }).filter(
    (key) => !mayChange(key, before, now) && !isDeepStrictEqual(old[key], asked[key]),
  );
  if (changed.length === 0) return;
  const list = changed.map((key) => `${key} (was ${JSON.stringify(old[key])}, is ${JSON.stringify(asked[key])})`);
  throw new FolderError(
    `${folder} holds a run with other settings: ${list.join(', ')}. Name another folder, or delete this one`,
  );
}
