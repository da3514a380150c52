/**
 * Settings of denoising that are taken from the data, which makes the number of known queries the same in every batch.
 */
import type { DatasetImage } from '@dn-detr/data';
import type { RunConfig } from './config/schema.ts';
import { queriesNeeded } from './query-shortage.ts';

/** Settings of denoising in which nothing is null. */
export type SettledDenoising = NonNullable<RunConfig['denoising']> & {
  readonly groups: number;
  readonly slotBucket: number;
};

/** A configuration from which known queries can be made. */
export type SettledConfig = Omit<RunConfig, 'denoising'> & { readonly denoising?: SettledDenoising };

/**
 * Replaces null in the settings of denoising: `slotBucket` by the number of objects in the fullest image, and `groups`
 * by the number that fits into `maxKnownQueries` with that many slots. Both are then the same in all batches.
 *
 * @param images the training images
 */
export function withKnownSlots(config: RunConfig, images: readonly DatasetImage[]): SettledConfig {
  const { denoising, ...rest } = config;
  if (denoising === undefined) return rest;
  const { maxKnownQueries, kind } = denoising;
  // At least two, since a bucket of one slot would be left out of batches without objects.
  const needed = Math.max(2, queriesNeeded(images));
  const slotBucket = denoising.slotBucket ?? needed;
  const perGroup = Math.ceil(needed / slotBucket) * slotBucket * (kind === 'contrastive' ? 2 : 1);
  const groups = denoising.groups ?? Math.max(1, Math.floor(maxKnownQueries / perGroup));
  return { ...rest, denoising: { ...denoising, slotBucket, groups } };
}
