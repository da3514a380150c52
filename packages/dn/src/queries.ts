/** Makes the known queries of a batch from its targets; a decoder takes them before its matching queries. */
import type { DenseTargets, Objects } from '@dn-detr/boxes';
import { contrastiveBoxes } from './contrastive.ts';
import { groupLayout, randomSubset } from './groups.ts';
import { groupMask, keyPadding, type QueryMasks } from './mask.ts';
import { flipLabels, jitterBoxes } from './noise.ts';
import { type DenoisingOptions, denoisingSettings, type QueryModel, requireModel } from './options.ts';
import { gather, type PlacedQueries, placesOf, scatter } from './places.ts';
import type { NoiseSource } from './random.ts';
import { knownTargets } from './targets.ts';
import { usableObjects } from './usable-objects.ts';

/** The known queries of a batch, with everything that a decoder and its losses need. */
export interface KnownQueries extends PlacedQueries, QueryMasks {
  readonly numClasses: number;
  /** The targets that the queries have to restore, with N = K. */
  readonly targets: DenseTargets;
  readonly usage: KnownUsage;
}

/** How much of a batch was used; the layout has the number of groups that remained within the budget. */
export interface KnownUsage {
  /** Number of real known queries: objects × groups, and twice that if contrastive. */
  readonly queries: number;
  /** Number of different objects among them. */
  readonly objects: number;
  /** Number of objects left out of this batch because of `maxKnownQueries`. */
  readonly overBudget: number;
  /** Number of crowds left out by `skip`. */
  readonly crowd: number;
  /** Number of degenerate boxes left out by `skip`. */
  readonly degenerate: number;
}

/**
 * Makes the known queries of a batch: checks the targets, lays out the groups, draws the noise, and adds masks and loss
 * targets. The targets are not changed. Images without objects consist of padding only; a batch without any objects has
 * K = 0, or one bucket of padding if `slotBucket` is above 1.
 *
 * @param targets the objects of each image
 * @param noise source of random numbers, called in the order that `NoiseSource` documents
 * @param options options that are left out have the defaults of their kind; `{}` is DN-DETR's recipe
 * @throws ObjectsError if objects cannot be used, naming image and object
 * @throws DnError if options or draws cannot be used
 */
export function prepareKnownQueries(
  targets: readonly Objects[],
  noise: NoiseSource,
  options: DenoisingOptions,
  model: QueryModel,
): KnownQueries {
  const settings = denoisingSettings(options);
  requireModel(model);
  const { numClasses, matchingQueries } = model;
  const { isolate, maskPadding, skip } = settings;
  const { indices, skipped } = usableObjects(targets, { numClasses, skip });
  const largest = indices.reduce((most, { length }) => Math.max(most, length), 0);
  const layout = groupLayout(targets.length, largest, {
    ...settings,
    matchingQueries,
    contrastive: settings.kind === 'contrastive',
  });
  const chosen = indices.map((all) => (all.length > layout.slots ? randomSubset(all, layout.slots, noise) : all));

  const places = placesOf(chosen, layout);
  const clean = gather(targets, places);
  const labels = flipLabels(clean.labels, { ...settings, numClasses }, noise);
  const boxes =
    settings.kind === 'contrastive'
      ? contrastiveBoxes(clean.boxes, places.negative, settings.boxNoise, noise)
      : jitterBoxes(clean.boxes, settings, noise);
  const placed = scatter(places, { labels, boxes }, layout);

  const fed = countOf(chosen);
  return {
    ...placed,
    numClasses,
    layout,
    groupMask: groupMask(layout, isolate),
    keyPadding: maskPadding ? keyPadding(layout, placed.valid) : undefined,
    targets: knownTargets({ numClasses, ...placed }, targets, settings),
    usage: {
      queries: places.at.length,
      objects: layout.groups === 0 ? 0 : fed,
      overBudget: countOf(indices) - fed,
      ...skipped,
    },
  };
}

const countOf = (lists: readonly Int32Array[]): number => lists.reduce((sum, { length }) => sum + length, 0);
