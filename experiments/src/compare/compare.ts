/** A comparison: its runs, and again and again what they say so far. */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RunConfig } from '../config/schema.ts';
import { writeAtomically } from '../train/atomic-file.ts';
import { progressDisplay } from '../train/progress.ts';
import { makeFolder, readJson, runFolder, writeJson } from '../train/run-folder.ts';
import { type RunResult, requireSameSettings } from '../train/start.ts';
import { readStoredConfig } from '../train/stored-config.ts';
import { UsageError, UserError } from '../user-error.ts';
import { contender, folderName } from './contender.ts';
import { type PlannedRun, type RunOutcome, runAll } from './run-all.ts';
import { type RunSource, summarize } from './summarize.ts';
import type { Summary } from './summary.ts';

export interface CompareOptions {
  /** what all models share, but for their names and what they change */
  readonly config: RunConfig;
  /** such as `dn-detr` or `dn-detr+denoising.groups=0`; the first is what others are measured against */
  readonly models: readonly string[];
  readonly seeds: readonly number[];
  readonly folder: string;
  readonly recipe: string;
  /** what was typed */
  readonly command: string;
  /** runs at a time; by default one for two cores */
  readonly processes?: number;
  readonly backend?: string;
  readonly signal: AbortSignal;
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
export async function compare(options: CompareOptions): Promise<{ summary: Summary; table: string } | undefined> {
  const { folder, signal } = options;
  const planned = plan(options);
  const open = planned.filter(({ folder, config }) => !isDone(folder, config));
  makeFolder(folder);
  // Not later: Ctrl-C also ends the process that translates sources while they are loaded.
  const [{ reportPage }, { terminalTable }] = await Promise.all([
    import('../report/page.ts'),
    import('../report/terminal.ts'),
  ]);
  const outcomes = new Map<string, RunOutcome>();
  const frame = { name: path.basename(folder), command: options.command, recipe: options.recipe, folder };
  const write = async (): Promise<Summary | undefined> => {
    const sources = planned.flatMap(({ model, folder }): RunSource[] => {
      const outcome = outcomes.get(folder);
      if (!existsSync(runFolder(folder).config)) return [];
      return [{ model, folder, ...(outcome && 'failed' in outcome && { failed: outcome.failed }) }];
    });
    if (sources.length === 0) return undefined;
    const summary = summarize(sources, { ...frame, waiting: planned.length - sources.length });
    writeJson(path.join(folder, 'summary.json'), summary);
    writeAtomically(path.join(folder, 'report.html'), await reportPage(summary));
    return summary;
  };

  const display = progressDisplay();
  const said = planned.length - open.length;
  if (said > 0) display.say(`${said} of ${planned.length} runs in ${folder} are done already`);
  try {
    const processes = options.processes ?? Math.max(1, Math.floor(os.availableParallelism() / 2));
    await runAll(open, {
      processes,
      display,
      signal,
      onEnd: async ({ folder, label }, outcome) => {
        outcomes.set(folder, outcome);
        if ('failed' in outcome) display.say(`${label} failed: ${outcome.failed}`);
        await write();
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

function plan({ models, seeds, config, folder, backend }: CompareOptions): Planned[] {
  const contenders = models.map((name) => contender(name, config));
  if (new Set(models).size < models.length) throw new UsageError(`--models names a model twice: ${models.join(', ')}`);
  // Seed by seed, so that every model has its first run before one has its second.
  return seeds.flatMap((seed) =>
    contenders.map(({ name, config: own }) => ({
      model: name,
      label: `${name} seed ${seed}`,
      config: { ...own, seed },
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
