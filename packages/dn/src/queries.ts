/** From a batch's targets to the known queries that a decoder is fed in front of its matching queries. */
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

/** The known queries of a batch, with all that a decoder and its losses need to know about them. */
export interface KnownQueries extends PlacedQueries, QueryMasks {
  readonly numClasses: number;
  /** Targets that the queries have to restore, N = K. */
  readonly targets: DenseTargets;
  readonly usage: KnownUsage;
}

/** Use that a batch made of its known queries; the groups that the budget left are in the layout. */
export interface KnownUsage {
  /** Number of real known queries: objects × groups, or twice that with contrastive denoising. */
  readonly queries: number;
  /** Number of different objects among them. */
  readonly objects: number;
  /** Objects left out in this batch by `maxKnownQueries`. */
  readonly overBudget: number;
  /** Crowd objects left out by `skip`. */
  readonly crowd: number;
  readonly degenerate: number;
}

/**
 * Makes the known queries of a batch: checks the targets, lays out the groups, draws the noise, and adds masks and loss
 * targets. The targets are not changed. Images without objects are all padding; a batch without any has K = 0, or with a
 * `slotBucket` above 1 one bucket of padding.
 *
 * @param targets the objects of each image
 * @param noise asked in the order that `NoiseSource` documents
 * @param options what is left out has the default of its kind; `{}` is DN-DETR's recipe
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
