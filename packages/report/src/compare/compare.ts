/** Runs a comparison, and updates its summary and its page after each run. */
import { accessSync, constants, existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  buildModel,
  fetchStart,
  isExpected,
  openData,
  type PlannedRun,
  type RunConfig,
  type RunOutcome,
  type RunProgress,
  type RunResult,
  readStoredConfig,
  requireSameDecoding,
  requireSameInit,
  requireSameSettings,
  runAll,
  runDataOf,
  runFolder,
  shortageNote,
  UserError,
  withInitHash,
} from '@dn-detr/train';
import { makeFolder, readJson, removeLeftovers, unwritable, writeAtomically, writeJson } from '@dn-detr/train/files';
import { type RunSource, summarize } from '../summary/summarize.ts';
import type { AblationHeading, Summary } from '../summary/summary.ts';
import { expectedFor } from './expected.ts';
import { folderName } from './folder-name.ts';
import { busyWords, planWords } from './plan-words.ts';

/** A model of a comparison with its configuration. */
export interface Contender {
  /** The name used in the command, `dn-detr` or `dn-detr+denoising.groups=0`; in an ablation the cell's name. */
  readonly name: string;
  readonly config: RunConfig;
}

/** Callbacks for events during a comparison. */
export interface CompareEvents {
  /**
   * Called before the first run begins.
   *
   * @param summarize - Makes a summary of the current state at any later time; returns undefined before a run has begun.
   */
  readonly started?: (summarize: () => Summary | undefined) => void;
  /** Called with messages for the user. */
  readonly notice?: (text: string) => void;
  /** Called with the progress of a run, which is named as in `dn-detr seed 0`. */
  readonly progress?: (run: string, state: RunProgress) => void;
  /** Called after each evaluation and after the end of each run, when a new summary would differ. */
  readonly changed?: () => void;
  /** Called after the end of each run; a run that failed before it began is in no summary. */
  readonly ended?: (run: string, outcome: RunOutcome) => void;
}

/** Options of a comparison: its models, seeds and folder. */
export interface CompareOptions {
  readonly contenders: readonly Contender[];
  readonly seeds: readonly number[];
  /** The comparison's folder. It holds `summary.json`, `report.html` and the runs in `MODEL/seed-N`. */
  readonly folder: string;
  /** The ablation that the contenders are the cells of; the summary is then in `ablation.json`. */
  readonly ablation?: AblationHeading;
  /** Name of the recipe that the configurations come from, for the report. @defaultValue `''` */
  readonly recipe?: string;
  /** The command that continues the comparison, for the report. @defaultValue `''` */
  readonly command?: string;
  /** Number of runs at a time. @defaultValue half of the CPU cores, at least 1 */
  readonly processes?: number;
  readonly backend?: string;
  /** Whether to measure and report the time and memory of all runs before the first one. @defaultValue `false` */
  readonly estimates?: boolean;
  /** Aborting it stops all runs, each with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly events?: CompareEvents;
}

interface Planned extends PlannedRun {
  readonly model: string;
}

/**
 * Trains every model with every seed, each in a separate process, and writes `summary.json` and `report.html` after each run.
 * Unfinished runs in the folder are resumed, and finished ones are not repeated.
 *
 * @returns The summary; undefined if the comparison was stopped before the first run began.
 * @throws UserError if the folder holds runs with other settings, or no run could begin.
 */
export async function compare(options: CompareOptions): Promise<Summary | undefined> {
  const { folder, ablation, command = '', recipe = '', events = {}, signal = new AbortController().signal } = options;
  const notice = (text: string): void => events.notice?.(text);
  openFolder(folder);
  const planned = plan(options);
  const open = planned.filter((run) => !isDone(run.folder, run.config));
  if (open.length > 0) requireDecodedAlike(planned);
  // Downloaded once here, and not by each of the simultaneous runs.
  for (const { config, folder } of open) if (!existsSync(runFolder(folder).last)) await fetchStart(config);
  const cores = os.availableParallelism();
  const processes = options.processes ?? Math.max(1, Math.floor(cores / 2));
  const expected =
    options.estimates && open.length > 0
      ? await expectedFor(open, processes, { ...options, signal, notice })
      : undefined;
  if (signal.aborted) return undefined;
  // Imported now, because Ctrl-C also ends the process that compiles sources when they are loaded.
  const { reportPage } = await import('../page/page.ts');
  const outcomes = new Map<string, RunOutcome>();
  const frame = { name: path.basename(folder), command, recipe, folder, ...(ablation && { ablation }) };
  const summarizeNow = (): Summary | undefined => {
    const sources = planned.flatMap((run): RunSource[] => {
      const outcome = outcomes.get(run.folder);
      if (!existsSync(runFolder(run.folder).config)) return [];
      const failed = outcome && 'failed' in outcome && { failed: outcome.failed };
      return [{ model: run.model, folder: run.folder, ...failed }];
    });
    if (sources.length === 0) return undefined;
    return summarize(sources, { ...frame, waiting: planned.length - sources.length });
  };
  const write = (): Summary | undefined => {
    const summary = summarizeNow();
    if (!summary) return undefined;
    writeJson(path.join(folder, ablation ? 'ablation.json' : 'summary.json'), summary);
    writeAtomically(path.join(folder, 'report.html'), reportPage(summary, { folder }));
    return summary;
  };

  events.started?.(summarizeNow);
  const lengths = options.contenders.map(({ config }) => config.length);
  const { length: seeds } = options.seeds;
  const where = path.relative(process.cwd(), folder) || '.';
  const noun = ablation ? 'cell' : 'model';
  notice(planWords({ noun, lengths, seeds, processes, folder: where, ...(expected && { expected }) }));
  const done = planned.length - open.length;
  if (done > 0) notice(`${done} of ${planned.length} runs in ${folder} are already done`);
  const busy = busyWords(os.loadavg()[0] as number, cores);
  if (busy !== undefined && open.length > 0) notice(busy);
  const shortages = await shortagesOf(
    options.contenders.filter(({ name }) => open.some(({ model }) => model === name)),
  );
  for (const [shortage, names] of shortages) notice(`note: ${names.join(', ')}: ${shortage}`);
  const said = new Set([...shortages.keys()].map((shortage) => `note: ${shortage}`));
  await runAll(open, {
    processes,
    signal,
    onProgress: ({ label }, state) => events.progress?.(label, state),
    // Notices about the data are the same for every run, so each is shown once.
    onNotice: (_, text) => {
      if (!said.has(text)) notice(text);
      said.add(text);
    },
    onEvaluation: () => events.changed?.(),
    onEnd: (run, outcome) => {
      outcomes.set(run.folder, outcome);
      // After the last run everything is written below in any case.
      if (outcomes.size < open.length && !signal.aborted) write();
      events.ended?.(run.label, outcome);
      events.changed?.();
    },
  });
  const summary = write();
  if (summary) return summary;
  const [reason] = [...outcomes.values()].flatMap((outcome) => ('failed' in outcome ? [outcome.failed] : []));
  if (reason === undefined) return undefined;
  throw new UserError(reason);
}

function plan({ contenders, seeds, folder, backend }: CompareOptions): Planned[] {
  // Ordered by seed, so that every model has its first run before any has its second.
  return seeds.flatMap((seed) =>
    contenders.map(({ name, config }) => ({
      model: name,
      label: `${name} seed ${seed}`,
      config: { ...config, seed },
      folder: path.join(folder, folderName(name), `seed-${seed}`),
      ...(backend !== undefined && { backend }),
    })),
  );
}

/**
 * Checks that existing runs decoded images in the same way, since new runs could not be compared with them otherwise.
 *
 * @throws UserError if image files were decoded differently for an existing run.
 */
function requireDecodedAlike(planned: readonly Planned[]): void {
  for (const { folder } of planned) {
    const { config } = runFolder(folder);
    if (existsSync(config)) requireSameDecoding(readStoredConfig(config).data, folder);
  }
}

/**
 * Notes about models with fewer queries than there are objects, each with the names of the models that it applies to. They are
 * collected before the first run, instead of appearing when a model's turn comes.
 */
async function shortagesOf(contenders: readonly Contender[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const [first] = contenders;
  if (first === undefined) return found;
  try {
    // All contenders use the same data.
    const opened = await openData(first.config.data);
    for (const { name, config } of contenders) {
      const shortage = shortageNote(buildModel(config, 1), config, runDataOf(opened, config));
      if (shortage !== undefined) found.set(shortage, [...(found.get(shortage) ?? []), name]);
    }
  } catch (error) {
    // Each run reports the reason itself when it fails to begin.
    if (!isExpected(error)) throw error;
  }
  return found;
}

/** @throws UserError if the folder cannot be created or written to. */
function openFolder(folder: string): void {
  makeFolder(folder);
  try {
    // The dot makes this fail if there is a file in the folder's place.
    accessSync(`${folder}${path.sep}.`, constants.W_OK);
  } catch (error) {
    throw unwritable(folder, error);
  }
  removeLeftovers(folder);
}

/** @throws UserError if the existing run has other settings. */
function isDone(folder: string, config: RunConfig): boolean {
  const files = runFolder(folder);
  if (!existsSync(files.config)) {
    // Without a hash, the file to start from was missing earlier: fail now and not when the run begins.
    if (typeof config.init !== 'string' && config.init.hash === undefined) withInitHash(config);
    return false;
  }
  const { config: stored } = readStoredConfig(files.config);
  requireSameInit(stored.init, config.init, folder);
  requireSameSettings(stored, { ...config, init: stored.init }, folder);
  return existsSync(files.result) && readJson<RunResult>(files.result).finished;
}
