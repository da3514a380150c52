/** The models that a comparison trains, each with its own settings. */
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { readerOptionsOf } from '@dn-detr/data';
import type { Contender } from '@dn-detr/report';
import {
  buildModel,
  type DottedValues,
  flatValues,
  models,
  modelsWith,
  parseAssignment,
  type RunConfig,
  type RunSettings,
  requireStart,
  resolveSettings,
  UserError,
  withChanges,
  withInitHashIfThere,
} from '@dn-detr/train';
import { UsageError } from './usage-error.ts';

/** @param name - Name of a model, followed by settings, each after a `+`. */
function contender(name: string, shared: RunSettings): Contender {
  const [model = '', ...assignments] = name.split('+');
  if (!models.some((known) => known.name === model)) {
    const names = models.map((known) => known.name).join(', ');
    throw new UsageError(`there is no model '${model}': expected ${names}, followed by +key=value for settings`);
  }
  return contenderOf(name, { 'model.name': model, ...Object.assign({}, ...assignments.map(parseAssignment)) }, shared);
}

/** Puts the contender's name in front of an error of `make`. */
function of<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof UserError ? new UsageError(`${name}: ${error.message}`, { cause: error }) : error;
  }
}

/**
 * Resolves the settings of a contender and checks that it can be built.
 *
 * @throws UsageError if a setting does not exist, is not used by the model, prevents the model from being built, or must be
 *   the same for all contenders: the seed and the settings that select the data.
 */
export function contenderOf(name: string, settings: DottedValues, shared: RunSettings): Contender {
  if (Object.hasOwn(settings, 'seed')) {
    throw new UsageError(`${name}: the seed cannot be set for a single model: all are trained with those of --seeds`);
  }
  const { config, unused } = of(name, () => resolveSettings(withChanges(shared, settings)));
  const ignored = unused.find((key) => Object.hasOwn(settings, key));
  if (ignored !== undefined) {
    const users = new Intl.ListFormat('en-GB').format(modelsWith(ignored, shared));
    throw new UsageError(`${name}: ${ignored} is not used by ${config.model.name}, only by ${users}`);
  }
  const data = imagesOf(config);
  const sharedData = imagesOf(resolveSettings(shared).config);
  const other = Object.keys(data).find((key) => !isDeepStrictEqual(data[key], sharedData[key]));
  if (other !== undefined) {
    throw new UsageError(
      `${name}: ${other} changes the data, and runs on different data cannot be compared: set it for all runs with ` +
        `--set ${other}=${JSON.stringify(data[other])}`,
    );
  }
  // Checked now and not when the contender's turn comes, hours later. Sizes that do not fit are independent of the number of
  // classes, so one class is enough here.
  return of(name, () => {
    const model = buildModel(config, 1);
    const hashed = withInitHashIfThere(config);
    // The file may have been deleted after the runs began; runs that already exist do not need it.
    if (typeof hashed.init === 'string' || existsSync(hashed.init.file)) requireStart(hashed.init, model);
    return { name, config: hashed };
  });
}

/** The settings that determine which images there are, as opposed to how training uses them. */
function imagesOf({ data }: RunConfig): DottedValues {
  const { source, format, valFraction, maxPixels, shapes } = data;
  return flatValues({ source, format, valFraction, ...readerOptionsOf(data), maxPixels, shapes }, 'data.');
}

/** @throws UsageError if two contenders have the same settings, since they would be the same runs. */
export function requireDifferent(contenders: readonly Contender[]): void {
  for (const [i, { name, config }] of contenders.entries()) {
    const twin = contenders.slice(0, i).find((before) => isDeepStrictEqual(before.config, config));
    if (twin) throw new UsageError(`${twin.name} and ${name} have the same settings: leave one of them out`);
  }
}

/** @throws UsageError if a model is named twice, or two have the same settings. */
export function contenders(names: readonly string[], shared: RunSettings): Contender[] {
  if (new Set(names).size < names.length) throw new UsageError(`--models names a model twice: ${names.join(', ')}`);
  const found = names.map((name) => contender(name, shared));
  requireDifferent(found);
  return found;
}
