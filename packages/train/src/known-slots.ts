/** What settings of denoising leave to the data: how many known queries there are is then the same in every batch. */
import type { DatasetImage } from '@dn-detr/data';
import type { RunConfig } from './config/schema.ts';
import { queriesNeeded } from './query-shortage.ts';

/** Settings of denoising with nothing left open. */
export type SettledDenoising = NonNullable<RunConfig['denoising']> & {
  readonly groups: number;
  readonly slotBucket: number;
};

/** A configuration whose known queries can be made. */
export type SettledConfig = Omit<RunConfig, 'denoising'> & { readonly denoising?: SettledDenoising };

/**
 * Fills in the slots of a group, one for each object of the fullest image, and the groups, as many as fit into
 * `maxKnownQueries`, where these are null.
 *
 * @param images that are trained on
 */
export function withKnownSlots(config: RunConfig, images: readonly DatasetImage[]): SettledConfig {
  const { denoising, ...rest } = config;
  if (denoising === undefined) return rest;
  const { groups, slotBucket, maxKnownQueries, kind } = denoising;
  // A bucket of one slot alone would be left out of batches without objects.
  const slots = slotBucket ?? Math.max(2, queriesNeeded(images));
  const perGroup = slots * (kind === 'contrastive' ? 2 : 1);
  const fitting = Math.max(1, Math.floor(maxKnownQueries / perGroup));
  return { ...rest, denoising: { ...denoising, slotBucket: slots, groups: groups ?? fitting } };
}
