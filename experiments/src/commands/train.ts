/** `train`: trains one model. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Expected, expectedFor, expectedWords, type Summary, summarize } from '@dn-detr/report';
import type { BackendChoice } from '@dn-detr/runtime';
import {
  backendOptionsOf,
  type DottedValues,
  dryRun,
  type EvaluationLine,
  fetchStart,
  models,
  progressEvents,
  type ResolvedSettings,
  type RunConfig,
  type RunProgress,
  readStoredConfig,
  resolveSettings,
  runFolder,
  runSettings,
  runTraining,
  type StoredConfig,
  stopSignal,
  UserError,
  withChanges,
} from '@dn-detr/train';
import { fittingName, readJson, readJsonLines } from '@dn-detr/train/files';
import { Command, Option } from 'commander';
import { takesOneMap } from '../config/choose-recipe.ts';
import { formatDryRun } from '../dry-run-words.ts';
import type { LiveView } from '../live/live-view.ts';
import { progressDisplay } from '../progress-display.ts';
import type { Output, Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { backendOption, chooseBackend } from './backend-option.ts';
import { typedCommand } from './comparison.ts';
import {
  addRunOptions,
  assignments,
  dataFrom,
  initFromOptions,
  initOption,
  lengthFrom,
  type RunOptions,
  settingsFrom,
  wholeNumber,
} from './run-options.ts';
import { type ServeOption, serveOption, withLiveView } from './serve-option.ts';

interface TrainOptions extends RunOptions, ServeOption {
  model?: string;
  seed?: number;
  overfit?: number;
  config?: string;
  out?: string;
  resume?: true;
  dryRun?: true;
  json?: true;
  backend?: string;
}

export function trainCommand(terminal: Terminal): Command {
  const command = new Command('train')
    .description('train one model and evaluate it regularly; can be stopped and resumed at any time')
    .addOption(
      new Option('--model <name>', "model to train (default: the recipe's)").choices(models.map(({ name }) => name)),
    );
  return addRunOptions(command)
    .option('--seed <number>', 'seed of initial weights, order of the data, augmentation and noise', wholeNumber)
    .option('--overfit <count>', 'train and evaluate on the first COUNT images: can this set-up learn?', wholeNumber)
    .option('--config <file>', "all settings from a run's config.json, to repeat that run")
    .option('--out <dir>', "the run's folder (default: runs/MODEL-DATA-seed-N)")
    .addOption(initOption())
    .option('--resume', 'continue the run in the folder with its settings, if there is one')
    .option('--dry-run', 'count parameters and operations, measure a few steps, and save nothing')
    .addOption(serveOption())
    .option('--json', 'print one JSON document at the end')
    .addOption(backendOption())
    .addHelpText('after', examples)
    .action((options: TrainOptions) => train(terminal, options));
}

const examples = `
With --serve, some of the time spent on the page counts as seconds of training: leave it out if you compare these.

Examples:
  npm start -- train --model dn-detr --steps 600
  npm start -- train --model dn-detr --data DIR --overfit 8 --steps 800
  npm start -- train --model dab-detr --data DIR --minutes 30 --set optimizer.learningRate=5e-4
  npm start -- train --config runs/mine/config.json --seed 1 --out runs/mine-again`;

async function train(terminal: Terminal, options: TrainOptions): Promise<void> {
  if (options.dryRun && options.serve !== undefined) {
    throw new UsageError('--dry-run saves nothing that could be shown: leave out --serve');
  }
  const say = (text: string): void => void terminal.err.write(`${text}\n`);
  const planned = await plan(terminal.err, options);
  const { config, folder, reason } = planned;
  if (reason !== undefined) say(reason);
  for (const key of planned.unused) say(`note: ${key} is not used by ${config.model.name}`);
  const backend = await chooseBackend(terminal.err, options.backend, backendOptionsOf(config));
  if (backend.name !== 'tensorflow' && options.recipe === undefined) {
    say('note: without native TensorFlow a step takes 10 to 25 times as long; --recipe quick-wasm is a smaller run');
  }
  const signal = stopSignal();
  if (options.dryRun) {
    const display = progressDisplay(terminal.err);
    const progress = (state: RunProgress): void => display.update('measuring', state);
    const found = await dryRun(config, { progress, say: display.say, signal }).finally(display.stop);
    if (found) terminal.out.write(`${options.json ? JSON.stringify(found, null, 2) : formatDryRun(found)}\n`);
    else terminal.exitCode = 130;
    return;
  }
  const { model, data, length } = config;
  const where = path.relative(process.cwd(), folder) || '.';
  const isBegun = existsSync(runFolder(folder).config);
  if (options.resume && !isBegun) say(`there is no run in ${where} yet: starting a new one`);
  // Without --resume the run itself refuses a folder that already holds a run.
  const expected =
    reason !== undefined && !isBegun ? await expectedOfRun(terminal.err, config, options.backend, signal) : undefined;
  if (signal.aborted) {
    terminal.exitCode = 130;
    return;
  }
  say(
    `train ${model.name} (${planned.from}) on ${data.source}, ${length.count} ${length.unit}, backend ${backend.name}, in ${where}` +
      (expected ? `: ${expectedWords(expected)}` : ''),
  );
  await withLiveView(terminal.err, options.serve, signal, (live) =>
    trainIn(terminal, planned, options, backend, signal, live),
  );
}

/** Estimates the time and memory of a run, after downloading its initial weights, without which it cannot begin. */
async function expectedOfRun(
  err: Output,
  config: RunConfig,
  backend: string | undefined,
  signal: AbortSignal,
): Promise<Expected | undefined> {
  await fetchStart(config);
  const run = { model: config.model.name, config };
  const notice = (text: string): void => void err.write(`${text}\n`);
  return expectedFor([run], 1, { signal, notice, ...(backend !== undefined && { backend }) });
}

async function trainIn(
  terminal: Terminal,
  { config, folder }: Planned,
  options: TrainOptions,
  backend: BackendChoice,
  signal: AbortSignal,
  live: LiveView | undefined,
): Promise<void> {
  const display = live ? live.following(progressDisplay(terminal.err)) : progressDisplay(terminal.err);
  const label = `${config.model.name} seed ${config.seed}`;
  live?.show(folder, () => summaryOf(terminal.args, folder, config, options.recipe));
  try {
    const result = await runTraining({
      config,
      folder,
      resume: options.resume === true,
      backend,
      say: display.say,
      signal,
      events: progressEvents(
        (state) => display.update(label, state),
        () => live?.changed(),
      ),
    });
    display.stop();
    const last = readJsonLines<EvaluationLine>(runFolder(folder).evaluations).at(-1);
    if (options.json) terminal.out.write(`${JSON.stringify({ folder, ...result, evaluation: last })}\n`);
    else terminal.out.write(`${outcome(folder, result, last)}\n`);
    if (!result.finished) terminal.exitCode = 130;
  } finally {
    display.stop();
  }
}

interface Planned extends ResolvedSettings {
  readonly folder: string;
  /** Where the settings come from, for messages. */
  readonly from: string;
  /** Why this recipe was used, if it was chosen for the data. */
  readonly reason?: string;
}

/** The settings of a new run, or with `--resume` those of the run in the folder with the given changes. */
async function plan(err: Output, options: TrainOptions): Promise<Planned> {
  const { out, recipe, config: file, data } = options;
  const goesOn = (folder: string): boolean =>
    options.resume === true && recipe === undefined && file === undefined && existsSync(runFolder(folder).config);
  const resumed = (folder: string, source: DottedValues): Planned => {
    const stored = runFolder(folder).config;
    const values = { ...source, ...lengthFrom(options), ...changesOf(options) };
    const settings = withChanges(runSettings(readStoredConfig(stored).config, stored), values);
    return { ...resolveSettings(settings), folder, from: 'resumed with its settings' };
  };
  const named = out === undefined ? undefined : path.resolve(out);
  if (named !== undefined && goesOn(named)) return resumed(named, dataFrom(err, options));
  const planned = await fresh(err, options);
  const folder = named ?? path.resolve('runs', defaultName(planned.config));
  if (!goesOn(folder)) return { ...planned, folder };
  // `dataFrom` would print its notice about names such as photos a second time.
  return resumed(folder, data === undefined ? {} : { 'data.source': planned.config.data.source });
}

async function fresh(err: Output, options: TrainOptions): Promise<Omit<Planned, 'folder'>> {
  const { config: file, recipe: named, data, model } = options;
  if (file === undefined) {
    // The same choice as in `compare`: photographs for models that take several levels of features.
    const suitsShapes = model === undefined || data === 'shapes' || takesOneMap(model);
    const fallback = suitsShapes ? 'quick' : 'photographs';
    const { recipe, reason, settings } = await settingsFrom(err, options, fallback, { own: chosen(options) });
    return { ...resolveSettings(settings), from: `recipe ${recipe.name}`, ...(reason !== undefined && { reason }) };
  }
  if (named !== undefined || data !== undefined) {
    throw new UsageError(
      '--config includes all settings: leave out --recipe and --data, and change settings with --set',
    );
  }
  const stored = readJson<Partial<StoredConfig> | null>(file);
  if (stored?.config === undefined) throw new UserError(`${file} is not the config.json of a run: it has no 'config'`);
  const values = { ...lengthFrom(options), ...changesOf(options) };
  return { ...resolveSettings(withChanges(runSettings(stored.config, file), values)), from: `settings of ${file}` };
}

/** Settings from options other than data and length. */
const changesOf = (options: TrainOptions): DottedValues => ({
  ...initFromOptions(options),
  ...assignments(options),
  ...chosen(options),
});

/** Settings that have an option in `train`. */
const chosen = ({ model, seed, overfit }: TrainOptions): DottedValues => ({
  ...(model !== undefined && { 'model.name': model }),
  ...(seed !== undefined && { seed }),
  ...(overfit !== undefined && { overfit }),
});

function defaultName({ model, data, seed, overfit }: RunConfig): string {
  const overfitted = overfit > 0 ? `-overfit-${overfit}` : '';
  return fittingName(`${model.name}-${path.basename(data.source)}`, `${overfitted}-seed-${seed}`);
}

/** The summary of the run, as soon as its folder exists. */
function summaryOf(args: readonly string[], folder: string, { model }: RunConfig, recipe = ''): Summary | undefined {
  if (!existsSync(runFolder(folder).config)) return undefined;
  return summarize([{ model: model.name, folder }], {
    name: path.basename(folder),
    command: typedCommand(args),
    recipe,
    folder,
  });
}

function outcome(
  folder: string,
  { finished, step, seconds }: { finished: boolean; step: number; seconds: number },
  last: EvaluationLine | undefined,
): string {
  const where = path.relative(process.cwd(), folder) || '.';
  const found = last
    ? `AP ${last.AP.toFixed(3)}, AP50 ${last.AP50.toFixed(3)} after step ${last.step}`
    : 'not evaluated';
  const ended = finished ? 'done' : 'stopped; run the same command with --resume to continue';
  return `${ended}: ${step} steps in ${seconds.toFixed(0)} s of training, ${found}\n${where}`;
}
