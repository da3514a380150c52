/** Contenders of a comparison: models, each with its own settings. */
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

/** @param name a model's, and after each `+` a setting */
function contender(name: string, shared: RunSettings): Contender {
  const [model = '', ...assignments] = name.split('+');
  if (!models.some((known) => known.name === model)) {
    const names = models.map((known) => known.name).join(', ');
    throw new UsageError(`there is no model '${model}': expected ${names}, with +key=value for settings`);
  }
  return contenderOf(name, { 'model.name': model, ...Object.assign({}, ...assignments.map(parseAssignment)) }, shared);
}

/** Says of which contender a mistake is. */
function of<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof UserError ? new UsageError(`${name}: ${error.message}`, { cause: error }) : error;
  }
}

/**
 * @throws UsageError if there is no such setting, the model does not use it, it cannot be built with it, or it is one
 *   that all contenders share: the seeds, and what the data are
 */
export function contenderOf(name: string, settings: DottedValues, shared: RunSettings): Contender {
  if (Object.hasOwn(settings, 'seed')) {
    throw new UsageError(`${name}: seed cannot be set for one model: --seeds says which seeds all are trained with`);
  }
  const { config, unused } = of(name, () => resolveSettings(withChanges(shared, settings)));
  const ignored = unused.find((key) => Object.hasOwn(settings, key));
  if (ignored !== undefined) {
    const users = new Intl.ListFormat('en-GB').format(modelsWith(ignored, shared));
    throw new UsageError(`${name}: ${ignored} changes nothing for ${config.model.name}, but for ${users}`);
  }
  const data = imagesOf(config);
  const sharedData = imagesOf(resolveSettings(shared).config);
  const other = Object.keys(data).find((key) => !isDeepStrictEqual(data[key], sharedData[key]));
  if (other !== undefined) {
    throw new UsageError(
      `${name}: ${other} changes the data, and runs on different data cannot be compared: set it for all runs alike, with ` +
        `--set ${other}=${JSON.stringify(data[other])}`,
    );
  }
  // Not only when its turn to be trained comes, hours after the others'. Whatever the classes are, sizes that do not fit do
  // not fit.
  return of(name, () => {
    const model = buildModel(config, 1);
    const hashed = withInitHashIfThere(config);
    // A file that is gone is of use to runs alone that are there already.
    if (typeof hashed.init === 'string' || existsSync(hashed.init.file)) requireStart(hashed.init, model);
    return { name, config: hashed };
  });
}

/** The settings that say which images there are, and not what training makes of them. */
function imagesOf({ data }: RunConfig): DottedValues {
  const { source, format, valFraction, maxPixels, shapes } = data;
  return flatValues({ source, format, valFraction, ...readerOptionsOf(data), maxPixels, shapes }, 'data.');
}

/** @throws UsageError if two have the same settings: they would be the same runs */
export function requireDifferent(contenders: readonly Contender[]): void {
  for (const [i, { name, config }] of contenders.entries()) {
    const twin = contenders.slice(0, i).find((before) => isDeepStrictEqual(before.config, config));
    if (twin) throw new UsageError(`${twin.name} and ${name} have the same settings: leave one of them out`);
  }
}

/** @throws UsageError if one is named twice, or two have the same settings */
export function contenders(names: readonly string[], shared: RunSettings): Contender[] {
  if (new Set(names).size < names.length) throw new UsageError(`--models names a model twice: ${names.join(', ')}`);
  const found = names.map((name) => contender(name, shared));
  requireDifferent(found);
  return found;
}
