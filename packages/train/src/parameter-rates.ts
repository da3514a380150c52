/** Assigns a learning rate to each trained parameter: the backbone's, the general one, or one given by a pattern. */
import type { ParameterGroup, ParameterSpec } from '@dn-detr/core/nn';
import type { AdamWGroup } from '@dn-detr/core/optim';
import type { RunConfig } from './config/schema.ts';
import { UserError } from './user-error.ts';

type OptimizerSettings = Pick<
  RunConfig['optimizer'],
  'learningRate' | 'backboneLearningRate' | 'rates' | 'weightDecay'
>;

/** A set of parameters that share a learning rate, and therefore a flat buffer. */
export type RateGroup = ParameterGroup | `rates.${number}`;

/**
 * Puts the trained parameters that a pattern of `rates` matches into separate groups.
 *
 * @throws UserError if a pattern is not a regular expression, or every parameter it matches already matches an earlier
 *   one, or it matches none
 */
export function groupedByRate(
  parameters: readonly ParameterSpec[],
  { rates }: Pick<OptimizerSettings, 'rates'>,
): ParameterSpec<string, RateGroup>[] {
  const patterns = rates.map(({ pattern }, i) => regularExpression(pattern, i));
  const grouped = parameters.map((parameter): ParameterSpec<string, RateGroup> => {
    const i = patterns.findIndex((pattern) => pattern.test(parameter.name));
    return i < 0 ? parameter : { ...parameter, group: `rates.${i}` };
  });
  for (const [i, { pattern }] of rates.entries()) {
    if (grouped.some(({ group }) => group === `rates.${i}`)) continue;
    const isTaken = parameters.some(({ name }) => patterns[i]?.test(name));
    const why = isTaken
      ? 'whose parameters all match an earlier pattern: put it before that one'
      : 'which matches the name of no trained parameter of this model: expected a part of a name such as transformer.encoder ' +
        'or class_embed';
    throw new UserError(`optimizer.rates.${i}.pattern is ${JSON.stringify(pattern)}, ${why}`);
  }
  return grouped;
}

/** AdamW's options for each group of a layout, in its order. */
export function optimizerGroups(
  groups: readonly { readonly name: RateGroup }[],
  { learningRate, backboneLearningRate, rates, weightDecay }: OptimizerSettings,
): AdamWGroup[] {
  const own = new Map<string, number>(rates.map((rate, i) => [`rates.${i}`, rate.learningRate]));
  own.set('backbone', backboneLearningRate);
  return groups.map(({ name }) => ({ learningRate: own.get(name) ?? learningRate, weightDecay }));
}

function regularExpression(pattern: string, i: number): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    throw new UserError(`optimizer.rates.${i}.pattern: ${(error as Error).message}`, { cause: error });
  }
}
