/** The options that say what to train, of `train`, `compare`, `ablate` and `inspect queries`. */
import { type DatasetReader, type OpenOptions, readerOptions } from '@dn-detr/data';
import {
  type DottedValues,
  initFrom,
  openOptionsOf,
  parseAssignment,
  type RunSettings,
  resolveSettings,
  runSettings,
  withChanges,
} from '@dn-detr/train';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { chooseRecipe } from '../config/choose-recipe.ts';
import { dataSource } from '../config/data-source.ts';
import type { Recipe } from '../config/recipe.ts';
import { recipeNamed, recipes } from '../config/recipes.ts';
import { UsageError } from '../usage-error.ts';

export interface RunOptions {
  data?: string;
  recipe?: string;
  steps?: number;
  epochs?: number;
  minutes?: number;
  set: string[];
  init?: string;
}

/** `--init`, of the commands that train. */
export const initOption = (): Option =>
  new Option(
    '--init <file>',
    "start from the weights of a checkpoint, as far as they fit, or: none, pretrained (the backbone's; default if it has any)",
  );

export function addRunOptions(command: Command): Command {
  return command
    .option(
      '--data <dir>',
      'a folder in COCO, YOLO or VOC layout (where several lie: --set data.format=voc), photos or shapes',
    )
    .option('--recipe <name>', `what to start from: ${recipes.map(({ name }) => name).join(', ')}`)
    .option('--steps <count>', 'how long to train', wholeSteps)
    .option('--epochs <count>', 'how long to train, in passes over the data', positive)
    .option('--minutes <count>', 'how long to train, in minutes of training', positive)
    .addOption(
      new Option('--set <key=value>', 'change a setting, such as optimizer.learningRate=1e-3; can be repeated')
        .argParser(append)
        .default([], 'none'),
    );
}

/**
 * The settings that the options describe, for whichever model.
 *
 * @param fallback the recipe where neither data nor a recipe is named
 * @throws UsageError if they contradict each other or name what there is not
 */
export async function settingsFrom(
  options: RunOptions,
  fallback: string,
): Promise<{ recipe: Recipe; settings: RunSettings }> {
  const { recipe: name } = options;
  const values = dataFrom(options);
  const { 'data.source': source } = values;
  const recipe =
    name !== undefined
      ? recipeNamed(name)
      : source === undefined || source === 'shapes'
        ? recipeNamed(fallback)
        : await chooseRecipe(source, openOptionsFrom(options));
  const stated = runSettings(recipe.config, `recipe ${recipe.name}`);
  const changes = { ...values, ...lengthFrom(options), ...initFromOptions(options), ...assignments(options) };
  const settings = withChanges(stated, changes);
  // A mistake is one whatever the model.
  resolveSettings(settings);
  return { recipe, settings };
}

/** How the run will read its folder, before there is a recipe that all settings fit. */
function openOptionsFrom(options: RunOptions): OpenOptions<DatasetReader> {
  const names = ['format', 'valFraction', ...Object.keys(readerOptions), 'bands', 'maxPixels'];
  const about = names.map((name) => `data.${name}`);
  const given = Object.entries(assignments(options)).filter(([key]) => about.includes(key));
  const settings = withChanges(runSettings({}, 'defaults'), Object.fromEntries(given));
  return openOptionsOf(resolveSettings(settings).config.data);
}

export function dataFrom({ data }: Pick<RunOptions, 'data'>): { readonly 'data.source'?: string } {
  return data === undefined ? {} : { 'data.source': dataSource(data) };
}

export const initFromOptions = ({ init }: Pick<RunOptions, 'init'>): DottedValues =>
  init === undefined ? {} : { init: initFrom(init) };

/** @throws UsageError if one has no `=` */
export const assignments = ({ set }: Pick<RunOptions, 'set'>): DottedValues =>
  Object.assign({}, ...set.map(parseAssignment));

/** @throws UsageError if more than one is given */
export function lengthFrom(lengths: Pick<RunOptions, 'steps' | 'epochs' | 'minutes'>): DottedValues {
  const given = (['steps', 'epochs', 'minutes'] as const).filter((unit) => lengths[unit] !== undefined);
  if (given.length > 1) throw new UsageError(`${given.map((unit) => `--${unit}`).join(' and ')}: a run has one length`);
  const [unit] = given;
  return unit === undefined ? {} : { length: { unit, count: lengths[unit] } };
}

export function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('expected a number above 0');
}

function wholeSteps(text: string): number {
  const value = positive(text);
  if (Number.isInteger(value)) return value;
  throw new InvalidArgumentError('expected a whole number; --epochs and --minutes may be fractions');
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('expected a whole number from 0');
}

export function fromOne(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('expected a whole number from 1');
}

const append = (value: string, before: string[]): string[] => [...before, value];
