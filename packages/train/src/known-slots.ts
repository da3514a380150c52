/** Denoising settings that depend on the data: the number of known queries is then the same in every batch. */
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
 * Fills in what is null: one slot for each object of the fullest image, and as many groups as fit into `maxKnownQueries`
 * with the slots of that image, which then are the same in all batches.
 *
 * @param images that are trained on
 */
export function withKnownSlots(config: RunConfig, images: readonly DatasetImage[]): SettledConfig {
  const { denoising, ...rest } = config;
  if (denoising === undefined) return rest;
  const { maxKnownQueries, kind } = denoising;
  // A bucket of one slot alone would be left out of batches without objects.
  const needed = Math.max(2, queriesNeeded(images));
  const slotBucket = denoising.slotBucket ?? needed;
  const perGroup = Math.ceil(needed / slotBucket) * slotBucket * (kind === 'contrastive' ? 2 : 1);
  const groups = denoising.groups ?? Math.max(1, Math.floor(maxKnownQueries / perGroup));
  return { ...rest, denoising: { ...denoising, slotBucket, groups } };
}
