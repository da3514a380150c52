/** What a comparison sets against each other: models, each with settings of its own. */
import { isIgnored } from '../config/ignored-settings.ts';
import { type DottedValues, parseAssignment, withOverrides } from '../config/overrides.ts';
import { modelNames, type RunConfig } from '../config/schema.ts';
import { UsageError } from '../user-error.ts';

export interface Contender {
  /** as it was asked for: `dn-detr`, or `dn-detr+denoising.groups=0`; in an ablation the cell's name */
  readonly name: string;
  readonly config: RunConfig;
}

/** @param name a model's, and after each `+` a setting */
function contender(name: string, shared: RunConfig): Contender {
  const [model = '', ...assignments] = name.split('+');
  if (!modelNames.some((known) => known === model)) {
    throw new UsageError(
      `there is no model '${model}': expected ${modelNames.join(', ')}, with +key=value for settings`,
    );
  }
  return contenderOf(name, { 'model.name': model, ...Object.assign({}, ...assignments.map(parseAssignment)) }, shared);
}

/** @throws UsageError if there is no such setting, or the model makes nothing of it */
export function contenderOf(name: string, settings: DottedValues, shared: RunConfig): Contender {
  const config = withOverrides(shared, settings);
  const ignored = Object.keys(settings).find((key) => isIgnored(config.model.name, key));
  if (ignored !== undefined) {
    const users = modelNames.filter((known) => !isIgnored(known, ignored));
    throw new UsageError(
      `${name}: ${ignored} changes nothing for ${config.model.name}, but for ${users.join(' and ')}`,
    );
  }
  return { name, config };
}

/** @throws UsageError if one is named twice */
export function contenders(names: readonly string[], shared: RunConfig): Contender[] {
  if (new Set(names).size < names.length) throw new UsageError(`--models names a model twice: ${names.join(', ')}`);
  return names.map((name) => contender(name, shared));
}

/** A folder's name for it. */
export const folderName = (name: string): string => name.replaceAll(/[^\w.=-]+/g, '_');
