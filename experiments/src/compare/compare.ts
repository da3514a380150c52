/** A comparison: its runs, and again and again what they say so far. */
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
import type { LiveView } from '../live/live-view.ts';
import { progressDisplay } from '../progress-display.ts';
import { type Contender, folderName } from './contender.ts';
import { expectedFor } from './expected.ts';
import { busyWords, planWords } from './plan-words.ts';
import { type RunSource, summarize } from './summarize.ts';
import type { AblationHeading, Summary } from './summary.ts';

export interface CompareOptions {
  readonly contenders: readonly Contender[];
  /** of which the contenders are the cells: then the summary is in `ablation.json` */
  readonly ablation?: AblationHeading;
  readonly seeds: readonly number[];
  readonly folder: string;
  readonly recipe: string;
  /** what was typed */
  readonly command: string;
  /** runs at a time; by default one for two cores */
  readonly processes?: number;
  readonly backend?: string;
  /** measures before the first run what all will take, and says it */
  readonly estimates?: boolean;
  readonly signal: AbortSignal;
  /** shows the runs while they go on */
  readonly live?: LiveView;
}

export interface Compared {
  readonly summary: Summary;
  /** for a terminal */
  readonly table: string;
  /** runs that failed, for people: also those that the summary does not have, since they failed before they began */
  readonly failed: readonly string[];
}

interface Planned extends PlannedRun {
  readonly model: string;
}

/**
 * Trains every model with every seed, in processes of their own, and writes `summary.json` and `report.html` after each
 * run. What the folder has of them already goes on, and is left alone where it is done.
 *
 * @returns undefined if it was stopped before the first run began
 * @throws UserError if the folder holds runs with other settings, or no run could even begin
 */
export async function compare(options: CompareOptions): Promise<Compared | undefined> {
  const { folder, signal, ablation, live, command, recipe } = options;
  openFolder(folder);
  const planned = plan(options);
  const open = planned.filter((run) => !isDone(run.folder, run.config));
  if (open.length > 0) requireDecodedAlike(planned);
  // Not by each of the runs that go on at the same time.
  for (const { config, folder } of open) if (!existsSync(runFolder(folder).last)) await fetchStart(config);
  const cores = os.availableParallelism();
  const processes = options.processes ?? Math.max(1, Math.floor(cores / 2));
  const expected = options.estimates && open.length > 0 ? await expectedFor(open, processes, options) : undefined;
  if (signal.aborted) return undefined;
  // Not later: Ctrl-C also ends the process that translates sources while they are loaded.
  const [{ reportPage }, { terminalTable }] = await Promise.all([
    import('../report/page.ts'),
    import('../report/terminal.ts'),
  ]);
  const outcomes = new Map<string, RunOutcome>();
  const failed: string[] = [];
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

  const display = live ? live.following(progressDisplay()) : progressDisplay();
  live?.show(folder, summarizeNow);
  const lengths = options.contenders.map(({ config }) => config.length);
  const { length: seeds } = options.seeds;
  const where = path.relative(process.cwd(), folder) || '.';
  const noun = ablation ? 'cell' : 'model';
  display.say(planWords({ noun, lengths, seeds, processes, folder: where, ...(expected && { expected }) }));
  const done = planned.length - open.length;
  if (done > 0) display.say(`${done} of ${planned.length} runs in ${folder} are done already`);
  const busy = busyWords(os.loadavg()[0] as number, cores);
  if (busy !== undefined && open.length > 0) display.say(busy);
  const shortages = await shortagesOf(
    options.contenders.filter(({ name }) => open.some(({ model }) => model === name)),
  );
  for (const [shortage, names] of shortages) display.say(`note: ${names.join(', ')}: ${shortage}`);
  const said = new Set([...shortages.keys()].map((shortage) => `note: ${shortage}`));
  try {
    await runAll(open, {
      processes,
      signal,
      onProgress: ({ label }, state) => display.update(label, state),
      // What is to be said of the data is the same for every run.
      onNotice: (_, text) => {
        if (!said.has(text)) display.say(text);
        said.add(text);
      },
      onEvaluation: () => live?.changed(),
      onEnd: (run, outcome) => {
        outcomes.set(run.folder, outcome);
        if ('failed' in outcome) {
          failed.push(run.label);
          display.say(`${run.label} failed: ${outcome.failed}`);
        }
        // After the last one all is written in any case.
        if (outcomes.size < open.length && !signal.aborted) write();
        live?.ended(run.label);
        live?.changed();
      },
    });
  } finally {
    display.stop();
  }
  const summary = write();
  if (!summary) {
    const [reason] = [...outcomes.values()].flatMap((outcome) => ('failed' in outcome ? [outcome.failed] : []));
    if (reason === undefined) return undefined;
    throw new UserError(reason);
  }
  const page = path.relative(process.cwd(), path.join(folder, 'report.html'));
  return { summary, table: `${terminalTable(summary)}\n${page}`, failed };
}

function plan({ contenders, seeds, folder, backend }: CompareOptions): Planned[] {
  // Seed by seed, so that every model has its first run before one has its second.
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
 * Before runs are trained that could not be held against those that are there.
 *
 * @throws UserError if image files became other pixels for one that is there
 */
function requireDecodedAlike(planned: readonly Planned[]): void {
  for (const { folder } of planned) {
    const { config } = runFolder(folder);
    if (existsSync(config)) requireSameDecoding(readStoredConfig(config).data, folder);
  }
}

/**
 * What is to be said of models with fewer queries than there are objects, each with the names of those it is true of:
 * before the first run, not when such a model's turn comes.
 */
async function shortagesOf(contenders: readonly Contender[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const [first] = contenders;
  if (first === undefined) return found;
  try {
    // What the data are is the same for all.
    const opened = await openData(first.config.data);
    for (const { name, config } of contenders) {
      const shortage = shortageNote(buildModel(config, 1), config, runDataOf(opened, config));
      if (shortage !== undefined) found.set(shortage, [...(found.get(shortage) ?? []), name]);
    }
  } catch (error) {
    // Each run says itself why it cannot begin.
    if (!isExpected(error)) throw error;
  }
  return found;
}

/** @throws UserError if there cannot be a folder, or it cannot be written to: before any run has begun */
function openFolder(folder: string): void {
  makeFolder(folder);
  try {
    // With the dot a file in its place is refused.
    accessSync(`${folder}${path.sep}.`, constants.W_OK);
  } catch (error) {
    throw unwritable(folder, error);
  }
  removeLeftovers(folder);
}

/** @throws UserError if the run that is there has other settings */
function isDone(folder: string, config: RunConfig): boolean {
  const files = runFolder(folder);
  if (!existsSync(files.config)) {
    // Not later: without a hash, the file to start from was not there.
    if (typeof config.init !== 'string' && config.init.hash === undefined) withInitHash(config);
    return false;
  }
  const { config: stored } = readStoredConfig(files.config);
  requireSameInit(stored.init, config.init, folder);
  requireSameSettings(stored, { ...config, init: stored.init }, folder);
  return existsSync(files.result) && readJson<RunResult>(files.result).finished;
}
