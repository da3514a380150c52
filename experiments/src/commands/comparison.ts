/** The options that `compare` and `ablate` share, and how both run and end. */
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

/** @param out - The default of `--out`, for the help text. */
export function addComparisonOptions(
  command: Command,
  { seeds, out, summary }: { readonly seeds: number; readonly out: string; readonly summary: string },
): Command {
  command.addOption(
    new Option('--seeds <count or list>', 'how many seeds, or which: 3, or 0,1,2')
      .argParser(seedList)
      .default(seedList(String(seeds)), String(seeds)),
  );
  return addRunOptions(command)
    .option('--out <dir>', `folder of the runs (default: ${out}); runs that are already in it continue`)
    .addOption(initOption())
    .option('--processes <count>', 'number of runs at a time (default: one for each two cores)', fromOne)
    .addOption(serveOption())
    .option('--json', `${summary} on stdout`)
    .addOption(backendOption());
}

/**
 * Name of the recipe to use if none is named or chosen for the data: `preferred`, unless this machine cannot run it. On WASM a
 * step takes ten times as long, and without pretrained weights photographs are not learned within minutes. `err` gets a
 * message that says which of the two is missing.
 */
export async function affordableRecipe(
  err: Output,
  { backend: requested, recipe, data, init }: ComparisonOptions,
  preferred: string,
): Promise<string> {
  const backend = await chooseBackend(err, requested);
  if (backend.name !== 'tensorflow') {
    if (recipe === undefined && (data === undefined || data === 'shapes'))
      err.write('without native TensorFlow the smaller recipe quick-wasm is used, on synthetic shapes\n');
    return 'quick-wasm';
  }
  if (recipe !== undefined || data !== undefined || init !== undefined) return preferred;
  try {
    await fetchStart(resolveSettings(runSettings(recipeNamed(preferred).config, `recipe ${preferred}`)).config);
    return preferred;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    err.write(`${error.message}\nwithout them the recipe quick is used, on synthetic shapes\n`);
    return 'quick';
  }
}

/**
 * Runs a comparison, with a live view if the options ask for one, and ends as `endComparison` does.
 *
 * @param what - The comparison. If it has a reason, because the recipe was chosen for the data, the reason is printed with the
 *   time and memory that the runs will take.
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

/** The command line, quoted so that it can be typed again. */
export const typedCommand = (args: readonly string[]): string =>
  `npm start -- ${args.map(quoted).join(' ')}`.replace(/ -- $/, '');

/** Quotes an argument for a shell: inside single quotes only the closing quote is special. */
const quoted = (argument: string): string =>
  /^[\w./=,+:-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;

interface Ended {
  readonly summary: Summary | undefined;
  /** Names of the runs that failed. */
  readonly failed: readonly string[];
  readonly folder: string;
}

/** Prints the result and sets the exit code: 1 if a run failed, 130 if runs are left to do. */
function endComparison(terminal: Terminal, { summary, failed, folder }: Ended, json: boolean): void {
  const page = path.relative(process.cwd(), path.join(folder, 'report.html'));
  if (summary) {
    terminal.out.write(json ? `${JSON.stringify(summary, null, 2)}\n` : `${terminalTable(summary)}\n${page}\n`);
  }
  if (failed.length > 0) {
    terminal.err.write(`failed: ${failed.join(', ')}; run the same command to try again\n`);
    terminal.exitCode = 1;
  } else if (summary?.finished !== true) {
    terminal.err.write('stopped; run the same command to continue\n');
    terminal.exitCode = 130;
  }
}

/** The parts of `a, b`. */
export const commaList = (text: string): string[] => text.split(',').map((part) => part.trim());

/** Parses a number of seeds, which are then counted from 0, or a list of seeds. */
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
