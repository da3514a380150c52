/** The options that `compare` and `ablate` share, and how both end. */
import path from 'node:path';
import { type CompareOptions, compare, type Summary, terminalTable } from '@dn-detr/report';
import { fetchStart, resolveSettings, runSettings, stopSignal, UserError } from '@dn-detr/train';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { recipeNamed } from '../config/recipe-named.ts';
import { progressDisplay } from '../progress-display.ts';
import type { Output, Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';
import { addRunOptions, fromOne, initOption, type RunOptions, type Started } from './run-options.ts';
import { type ServeOption, serveOption, withLiveView } from './serve-option.ts';

export interface ComparisonOptions extends RunOptions, ServeOption {
  seeds: number[];
  out?: string;
  processes?: number;
  json?: true;
  backend?: string;
}

/** @param out what `--out` is without being given */
export function addComparisonOptions(
  command: Command,
  { seeds, out, summary }: { readonly seeds: number; readonly out: string; readonly summary: string },
): Command {
  command.addOption(
    new Option('--seeds <count or list>', 'how many, or which: 3, or 0,1,2')
      .argParser(seedList)
      .default(seedList(String(seeds)), String(seeds)),
  );
  return addRunOptions(command)
    .option('--out <dir>', `the folder it is kept in (default: ${out}); what is there goes on`)
    .addOption(initOption())
    .option('--processes <count>', 'runs at a time (default: one for two cores)', fromOne)
    .addOption(serveOption())
    .option('--json', `${summary} on stdout`)
    .addOption(backendOption());
}

/**
 * The recipe where none is named nor chosen for data: `preferred`, unless it cannot be had here. On WASM a step takes ten
 * times as long, and without pretrained weights photographs are not learned in minutes; which of them is missing it says
 * on `err`.
 */
export async function affordableRecipe(
  err: Output,
  { backend: requested, recipe, data, init }: ComparisonOptions,
  preferred: string,
): Promise<string> {
  const backend = await chooseBackend(err, requested);
  if (backend.name !== 'tensorflow') {
    if (recipe === undefined && (data === undefined || data === 'shapes'))
      err.write('without native TensorFlow the smaller recipe quick-wasm is used, on drawn shapes\n');
    return 'quick-wasm';
  }
  if (recipe !== undefined || data !== undefined || init !== undefined) return preferred;
  try {
    await fetchStart(resolveSettings(runSettings(recipeNamed(preferred).config, `recipe ${preferred}`)).config);
    return preferred;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    err.write(`${error.message}\nwithout them the recipe quick is used, on drawn shapes\n`);
    return 'quick';
  }
}

/**
 * Runs it as its options ask for, with a live view if they do, and ends as `endComparison` says.
 *
 * @param what with the reason for the recipe if it was chosen for the data: then it says that, and what the runs will take
 */
export async function runComparison(
  terminal: Terminal,
  { seeds, processes, json, backend, serve }: ComparisonOptions,
  { reason, ...what }: Pick<CompareOptions, 'contenders' | 'ablation' | 'folder' | 'recipe'> & Pick<Started, 'reason'>,
): Promise<void> {
  if (reason !== undefined) terminal.err.write(`${reason}\n`);
  const signal = stopSignal();
  await withLiveView(terminal.err, serve, signal, async (live) => {
    const display = live ? live.following(progressDisplay(terminal.err)) : progressDisplay(terminal.err);
    const failed: string[] = [];
    const summary = await compare({
      ...what,
      estimates: reason !== undefined,
      seeds,
      command: typedCommand(terminal.args),
      ...(processes !== undefined && { processes }),
      ...(backend !== undefined && { backend }),
      signal,
      events: {
        started: (summarize) => live?.show(what.folder, summarize),
        notice: display.say,
        progress: display.update,
        changed: () => live?.changed(),
        ended: (run, outcome) => {
          live?.ended(run);
          if (!('failed' in outcome)) return;
          failed.push(run);
          display.say(`${run} failed: ${outcome.failed}`);
        },
      },
    }).finally(display.stop);
    endComparison(terminal, { summary, failed, folder: what.folder }, json === true);
  });
}

/** The command as it was typed, to be typed again. */
export const typedCommand = (args: readonly string[]): string =>
  `npm start -- ${args.map(quoted).join(' ')}`.replace(/ -- $/, '');

/** For a shell: in single quotes nothing but their end has a meaning. */
const quoted = (argument: string): string =>
  /^[\w./=,+:-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;

interface Ended {
  readonly summary: Summary | undefined;
  /** Runs that failed. */
  readonly failed: readonly string[];
  readonly folder: string;
}

/** Prints what came out, and sets the exit code: 1 if a run failed, 130 if there is more to do. */
function endComparison(terminal: Terminal, { summary, failed, folder }: Ended, json: boolean): void {
  const page = path.relative(process.cwd(), path.join(folder, 'report.html'));
  if (summary) {
    terminal.out.write(json ? `${JSON.stringify(summary, null, 2)}\n` : `${terminalTable(summary)}\n${page}\n`);
  }
  if (failed.length > 0) {
    terminal.err.write(`failed: ${failed.join(', ')}; the same command tries again\n`);
    terminal.exitCode = 1;
  } else if (summary?.finished !== true) {
    terminal.err.write('stopped; the same command goes on\n');
    terminal.exitCode = 130;
  }
}

/** The parts of `a, b`. */
export const commaList = (text: string): string[] => text.split(',').map((part) => part.trim());

/** A count of seeds from 0, or the seeds themselves. */
function seedList(text: string): number[] {
  // Number('') is 0.
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.some((n) => !Number.isSafeInteger(n) || n < 0) || new Set(numbers).size < numbers.length) {
    throw new InvalidArgumentError('expected a count such as 3, or different whole numbers such as 0,1,2');
  }
  const [count] = numbers as [number];
  if (text.includes(',')) return numbers;
  if (count === 0) throw new InvalidArgumentError('expected at least one seed');
  return Array.from({ length: count }, (_, seed) => seed);
}
