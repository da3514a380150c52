/**
 * The weights of losses and costs in the format of the references: `weight_dict` has an entry for every decoder layer.
 */
import type { MatchingCost } from '@dn-detr/matcher';
import { FixtureError, numberAt, objectAt } from '../json.ts';

/** Weights of the three losses of every layer in the total. */
export interface LossWeights {
  readonly class: number;
  readonly bbox: number;
  readonly giou: number;
}

/**
 * Reads the weights of the losses, which are the same for every layer and for known queries (`tgt_`).
 *
 * @throws FixtureError if a layer's weights differ from those of the last, which our criterion does not support
 */
export function lossWeightsOf(weightDict: unknown, where: string): LossWeights {
  const weights = objectAt(weightDict, where);
  const weightOf = (name: string): number => numberAt(weights[name], `${where}.${name}`);
  for (const name of Object.keys(weights)) {
    const base = /^(?:tgt_)?(loss_(?:ce|bbox|giou))(?:_dn)?(?:_\d+|_enc|_interm)?$/.exec(name)?.[1];
    if (base !== undefined && weightOf(name) !== weightOf(base)) {
      throw new FixtureError(
        `${where}.${name} is ${weightOf(name)}, ${base} is ${weightOf(base)}: expected the same for all layers`,
      );
    }
  }
  return { class: weightOf('loss_ce'), bbox: weightOf('loss_bbox'), giou: weightOf('loss_giou') };
}

/**
 * A matching cost of the papers with the weights of a case.
 *
 * @param alpha of the focal class term, if it has one
 */
export function weighted(
  cost: MatchingCost,
  weights: { readonly class: number; readonly l1: number; readonly giou: number },
  alpha?: number,
): MatchingCost {
  return cost.map((term) => {
    if (!('kind' in term)) return term;
    if (term.kind === 'l1' || term.kind === 'giou') return { ...term, weight: weights[term.kind] };
    return { ...term, weight: weights.class, ...(term.kind === 'focal' && alpha !== undefined && { alpha }) };
  });
}

/**
 * Whether we compute a loss of the reference; we do not count DINO's known queries whose highest logit is not the last.
 */
export const isCounted = (name: string): boolean => !/^cardinality_error_dn(?:_\d+)?$/.test(name);

/**
 * Our name for a loss: `tgt_loss_ce_0` for DINO's `loss_ce_dn_0` of known queries, `loss_ce_enc` for its
 * `loss_ce_interm` of the encoder.
 */
export const ourLossName = (name: string): string =>
  name.replace(/^(loss_\w+?)_dn(_\d+)?$/, 'tgt_$1$2').replace(/_interm$/, '_enc');
