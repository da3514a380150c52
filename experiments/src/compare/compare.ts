/** A comparison: its runs, and again and again what they say so far. */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RunConfig } from '../config/schema.ts';
import type { LiveView } from '../live/live-view.ts';
import { writeAtomically } from '../train/atomic-file.ts';
import { progressDisplay } from '../train/progress.ts';
import { makeFolder, readJson, runFolder, writeJson } from '../train/run-folder.ts';
import { type RunResult, requireSameSettings } from '../train/start.ts';
import { readStoredConfig } from '../train/stored-config.ts';
import { UserError } from '../user-error.ts';
import { type Contender, folderName } from './contender.ts';
import { type PlannedRun, type RunOutcome, runAll } from './run-all.ts';
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
  readonly signal: AbortSignal;
  /** shows the runs while they go on */
  readonly live?: LiveView;
}

export interface Compared {
  readonly summary: Summary;
  /** for a terminal */
  readonly table: string;
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
  const { folder, signal, ablation, live } = options;
  const planned = plan(options);
  const open = planned.filter(({ folder, config }) => !isDone(folder, config));
  makeFolder(folder);
  // Not later: Ctrl-C also ends the process that translates sources while they are loaded.
  const [{ reportPage }, { terminalTable }] = await Promise.all([
    import('../report/page.ts'),
    import('../report/terminal.ts'),
  ]);
  const outcomes = new Map<string, RunOutcome>();
  const { command, recipe } = options;
  const frame = { name: path.basename(folder), command, recipe, folder, ...(ablation && { ablation }) };
  const summarizeNow = (): Summary | undefined => {
    const sources = planned.flatMap(({ model, folder }): RunSource[] => {
      const outcome = outcomes.get(folder);
      if (!existsSync(runFolder(folder).config)) return [];
      return [{ model, folder, ...(outcome && 'failed' in outcome && { failed: outcome.failed }) }];
    });
    if (sources.length === 0) return undefined;
    return summarize(sources, { ...frame, waiting: planned.length - sources.length });
  };
  const write = async (): Promise<Summary | undefined> => {
    const summary = summarizeNow();
    if (!summary) return undefined;
    writeJson(path.join(folder, ablation ? 'ablation.json' : 'summary.json'), summary);
    writeAtomically(path.join(folder, 'report.html'), await reportPage(summary));
    return summary;
  };

  const display = live ? live.following(progressDisplay()) : progressDisplay();
  live?.show(summarizeNow);
  const said = planned.length - open.length;
  if (said > 0) display.say(`${said} of ${planned.length} runs in ${folder} are done already`);
  try {
    const processes = Math.max(1, Math.floor(options.processes ?? os.availableParallelism() / 2));
    await runAll(open, {
      processes,
      display,
      signal,
      onEvaluation: () => live?.changed(),
      onEnd: async ({ folder, label }, outcome) => {
        outcomes.set(folder, outcome);
        if ('failed' in outcome) display.say(`${label} failed: ${outcome.failed}`);
        await write();
        live?.changed();
      },
    });
  } finally {
    display.stop();
  }
  const summary = await write();
  if (!summary) {
    const [reason] = [...outcomes.values()].flatMap((outcome) => ('failed' in outcome ? [outcome.failed] : []));
    if (reason === undefined) return undefined;
    throw new UserError(reason);
  }
  const page = path.relative(process.cwd(), path.join(folder, 'report.html'));
  return { summary, table: `${terminalTable(summary)}\n${page}` };
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

/** @throws UserError if the run that is there has other settings */
function isDone(folder: string, config: RunConfig): boolean {
  const files = runFolder(folder);
  if (!existsSync(files.config)) return false;
  requireSameSettings(readStoredConfig(files.config).config, config, folder);
  return existsSync(files.result) && readJson<RunResult>(files.result).finished;
}
