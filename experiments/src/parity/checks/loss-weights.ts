/** The weights of losses as the references have them: `weight_dict`, with an entry for every decoder layer. */
import { FixtureError, numberAt, objectAt } from '../json.ts';

/** What the three losses of every layer count for in the total. */
export interface LossWeights {
  readonly class: number;
  readonly bbox: number;
  readonly giou: number;
}

/**
 * What the losses of every layer count for, of known queries (`tgt_`) too.
 *
 * @throws FixtureError if a layer's weights are not those of the last, which our criterion does not know
 */
export function lossWeightsOf(weightDict: unknown, where: string): LossWeights {
  const weights = objectAt(weightDict, where);
  const weightOf = (name: string): number => numberAt(weights[name], `${where}.${name}`);
  for (const name of Object.keys(weights)) {
    const base = /^(?:tgt_)?(loss_(?:ce|bbox|giou))(?:_\d+)?$/.exec(name)?.[1];
    if (base !== undefined && weightOf(name) !== weightOf(base)) {
      throw new FixtureError(
        `${where}.${name} is ${weightOf(name)}, ${base} is ${weightOf(base)}: expected the same for all layers`,
      );
    }
  }
  return { class: weightOf('loss_ce'), bbox: weightOf('loss_bbox'), giou: weightOf('loss_giou') };
}
