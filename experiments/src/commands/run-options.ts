/** The options that select what to train, for `train`, `compare`, `ablate` and `inspect queries`. */
import { readerOptions } from '@dn-detr/data';
import {
  type DottedValues,
  initFrom,
  parseAssignment,
  type RunConfig,
  type RunSettings,
  resolveSettings,
  runSettings,
  withChanges,
} from '@dn-detr/train';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Recipe } from '../../recipes/recipe.ts';
import { recipes } from '../../recipes/recipes.ts';
import { chooseRecipe } from '../config/choose-recipe.ts';
import { dataSource } from '../config/data-source.ts';
import { recipeNamed } from '../config/recipe-named.ts';
import type { Output } from '../terminal.ts';
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

/** The option `--init` of the commands that train. */
export const initOption = (): Option =>
  new Option(
    '--init <file>',
    "load the weights of a checkpoint as far as they fit; or: none, pretrained (the backbone's; the default if there are any)",
  );

export function addRunOptions(command: Command): Command {
  return command
    .option(
      '--data <dir>',
      'a folder in COCO, YOLO or VOC layout (if there are several: --set data.format=voc), photos (bundled photographs of blood cells) or shapes (synthetic)',
    )
    .option('--recipe <name>', `settings to start from: ${recipes.map(({ name }) => name).join(', ')}`)
    .option('--steps <count>', 'length of training in steps', wholeSteps)
    .option('--epochs <count>', 'length of training in passes over the data', positive)
    .option('--minutes <count>', 'length of training in minutes', positive)
    .addOption(
      new Option('--set <key=value>', 'change a setting, such as optimizer.learningRate=1e-3; can be repeated')
        .argParser(append)
        .default([], 'none'),
    );
}

export interface Started {
  readonly recipe: Recipe;
  /** One line that explains the recipe, if it was chosen for the data. */
  readonly reason?: string;
  readonly settings: RunSettings;
}

/**
 * The settings that the options describe, before they are resolved for a model.
 *
 * @param err - Receives a notice if a folder has the name of data that comes with the toolkit.
 * @param fallback - The recipe to use if neither data nor a recipe is named.
 * @param models - Names of the models to train, if they are not the one that the settings name.
 * @param own - Settings from options of the command itself.
 * @throws UsageError if the options contradict each other or name something that does not exist.
 * @throws DataError, UserError if the data that a recipe is chosen for cannot be used.
 */
export async function settingsFrom(
  err: Output,
  options: RunOptions,
  fallback: string,
  { models, own = {} }: { readonly models?: readonly string[]; readonly own?: DottedValues } = {},
): Promise<Started> {
  const { recipe: name } = options;
  const values = dataFrom(err, options);
  const { 'data.source': source } = values;
  const given: DottedValues = {
    ...values,
    ...lengthFrom(options),
    ...initFromOptions(options),
    ...assignments(options),
    ...own,
  };
  const { 'model.name': model } = given;
  const chosen =
    name === undefined && source !== undefined && source !== 'shapes'
      ? await chooseRecipe(dataSettings(given), models ?? (model === undefined ? [] : [String(model)]), given)
      : undefined;
  const recipe = chosen?.recipe ?? recipeNamed(name ?? fallback);
  const settings = withChanges(runSettings(recipe.config, `recipe ${recipe.name}`), given);
  // Fails early for settings that are wrong for every model.
  resolveSettings(settings);
  return { recipe, settings, ...(chosen && { reason: chosen.reason }) };
}

/** The settings for reading the folder, needed before a recipe is chosen and the other settings can be resolved. */
function dataSettings(given: DottedValues): Pick<RunConfig, 'data' | 'overfit' | 'evaluation'> {
  const names = ['source', 'format', 'valFraction', ...Object.keys(readerOptions), 'bands', 'maxPixels'];
  const about = [...names.map((name) => `data.${name}`), 'overfit'];
  const own = Object.entries(given).filter(([key]) => about.includes(key));
  return resolveSettings(withChanges(runSettings({}, 'defaults'), Object.fromEntries(own))).config;
}

export function dataFrom(err: Output, { data }: Pick<RunOptions, 'data'>): { readonly 'data.source'?: string } {
  return data === undefined ? {} : { 'data.source': dataSource(err, data) };
}

export const initFromOptions = ({ init }: Pick<RunOptions, 'init'>): DottedValues =>
  init === undefined ? {} : { init: initFrom(init) };

/** @throws UsageError if an assignment has no `=`. */
export const assignments = ({ set }: Pick<RunOptions, 'set'>): DottedValues =>
  Object.assign({}, ...set.map(parseAssignment));

/** @throws UsageError if more than one length is given. */
export function lengthFrom(lengths: Pick<RunOptions, 'steps' | 'epochs' | 'minutes'>): DottedValues {
  const given = (['steps', 'epochs', 'minutes'] as const).filter((unit) => lengths[unit] !== undefined);
  if (given.length > 1) throw new UsageError(`${given.map((unit) => `--${unit}`).join(' and ')}: a run has one length`);
  const [unit] = given;
  return unit === undefined ? {} : { length: { unit, count: lengths[unit] } };
}

function positive(text: string): number {
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
