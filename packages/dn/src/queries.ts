/** From a batch's targets to the known queries that a decoder is fed in front of its matching queries. */
import { type ObjectTargets, usableObjects } from './check.ts';
import { contrastiveBoxes } from './contrastive.ts';
import { type GroupLayout, groupLayout, randomSubset } from './groups.ts';
import { groupMask, keyPadding, type QueryMasks } from './mask.ts';
import { flipLabels, jitterBoxes } from './noise.ts';
import { type DenoisingOptions, type DenoisingSettings, denoisingSettings } from './options.ts';
import type { NoiseSource } from './random.ts';
import { type DenseTargets, type KnownAssignment, knownTargets } from './targets.ts';

/** B images of K known queries each, padding included; see `GroupLayout` for their order. */
export interface KnownQueries extends KnownAssignment, QueryMasks {
  /** noised classes `[B, K]`, −1 at padding; matching queries have the label `numClasses`, "unknown" */
  readonly labels: Int32Array;
  /** noised boxes, cxcywh `[B, K, 4]` in 0..1, 0 at padding */
  readonly boxes: Float32Array;
  /** `[B, K]`, 1 for real queries: the indicator that a model appends to the label embedding (matching queries: 0) */
  readonly valid: Uint8Array;
  /** index among its image's targets of the object that a query comes from `[B, K]`, −1 at padding */
  readonly objects: Int32Array;
  /** `[B, K]`, 1 for contrastive negatives */
  readonly negative: Uint8Array;
  /** what the queries have to restore, N = K */
  readonly targets: DenseTargets;
  readonly usage: KnownUsage;
}

/** What of a batch was really used; the groups that the budget left are in the layout. */
export interface KnownUsage {
  /** real known queries: objects × groups, contrastive twice that */
  readonly queries: number;
  /** different objects among them */
  readonly objects: number;
  /** left out in this batch by `maxKnownQueries` */
  readonly overBudget: number;
  /** left out by `skip` */
  readonly crowd: number;
  readonly degenerate: number;
}

/**
 * Makes the known queries of a batch: checks the targets, lays out the groups, draws the noise, and adds masks and loss
 * targets. The targets are not changed. Images without objects are all padding; a batch without any has K = 0, or with a
 * `slotBucket` above 1 one bucket of padding.
 *
 * @param targets one for each image
 * @param noise asked in the order that `NoiseSource` documents
 * @throws DnError if targets or options cannot be used, naming image and object
 */
export function prepareKnownQueries(
  targets: readonly ObjectTargets[],
  noise: NoiseSource,
  options: DenoisingOptions,
): KnownQueries {
  const settings = denoisingSettings(options);
  const { indices, skipped } = usableObjects(targets, settings);
  const largest = indices.reduce((most, { length }) => Math.max(most, length), 0);
  const layout = groupLayout(targets.length, largest, settings);
  const chosen = indices.map((all) => (all.length > layout.slots ? randomSubset(all, layout.slots, noise) : all));

  const places = placesOf(chosen, layout);
  const clean = gather(targets, places);
  const labels = flipLabels(clean.labels, settings, noise);
  const boxes = noisedBoxes(clean.boxes, places, settings, noise);
  const assigned = scatter(places, labels, boxes, layout);

  const assignment = { numClasses: settings.numClasses, objects: assigned.objects, negative: assigned.negative };
  const objects = countOf(chosen);
  return {
    ...assigned,
    ...assignment,
    layout,
    groupMask: groupMask(layout, settings.isolate),
    keyPadding: settings.maskPadding ? keyPadding(layout, assigned.valid) : undefined,
    targets: knownTargets(assignment, targets, settings),
    usage: { queries: places.at.length, objects, overBudget: countOf(indices) - objects, ...skipped },
  };
}

const countOf = (lists: readonly Int32Array[]): number => lists.reduce((sum, { length }) => sum + length, 0);

/** The N real queries in the order of the draws: group, positives before negatives, image, object; each `[N]`. */
interface Places {
  readonly image: Int32Array;
  /** index among the image's targets */
  readonly object: Int32Array;
  readonly negative: Uint8Array;
  /** index in `[B, K]` */
  readonly at: Int32Array;
}

function placesOf(chosen: readonly Int32Array[], { groups, slots, groupSize, known }: GroupLayout): Places {
  // A group holds its slots once, or twice where it is contrastive.
  const halves = slots === 0 ? 0 : groups * (groupSize / slots);
  const count = countOf(chosen) * halves;
  const image = new Int32Array(count);
  const object = new Int32Array(count);
  const negative = new Uint8Array(count);
  const at = new Int32Array(count);
  let n = 0;
  for (let half = 0; half < halves; half++) {
    const isNegative = groupSize > slots && half % 2 === 1 ? 1 : 0;
    for (let b = 0; b < chosen.length; b++) {
      const objects = chosen[b] as Int32Array;
      const start = b * known + half * slots;
      for (let slot = 0; slot < objects.length; slot++, n++) {
        image[n] = b;
        object[n] = objects[slot] as number;
        negative[n] = isNegative;
        at[n] = start + slot;
      }
    }
  }
  return { image, object, negative, at };
}

/** The ground truth `[N]` and `[N, 4]` at the places. */
function gather(
  targets: readonly ObjectTargets[],
  { image, object }: Places,
): { labels: Int32Array; boxes: Float32Array } {
  const labels = new Int32Array(image.length);
  const boxes = new Float32Array(4 * image.length);
  for (let n = 0; n < image.length; n++) {
    const target = targets[image[n] as number] as ObjectTargets;
    const from = object[n] as number;
    labels[n] = target.labels[from] as number;
    for (let i = 0; i < 4; i++) boxes[4 * n + i] = target.boxes[4 * from + i] as number;
  }
  return { labels, boxes };
}

function noisedBoxes(
  clean: Float32Array,
  { negative }: Places,
  settings: DenoisingSettings,
  noise: NoiseSource,
): Float32Array {
  return settings.contrastive
    ? contrastiveBoxes(clean, negative, settings.boxNoise, noise)
    : jitterBoxes(clean, settings, noise);
}

type Scattered = Pick<KnownQueries, 'labels' | 'boxes' | 'valid' | 'objects' | 'negative'>;

/** From `[N]` to `[B, K]`. */
function scatter(places: Places, labels: Int32Array, boxes: Float32Array, { batch, known }: GroupLayout): Scattered {
  const size = batch * known;
  const result: Scattered = {
    labels: new Int32Array(size).fill(-1),
    boxes: new Float32Array(4 * size),
    valid: new Uint8Array(size),
    objects: new Int32Array(size).fill(-1),
    negative: new Uint8Array(size),
  };
  for (let n = 0; n < places.at.length; n++) {
    const at = places.at[n] as number;
    result.labels[at] = labels[n] as number;
    for (let i = 0; i < 4; i++) result.boxes[4 * at + i] = boxes[4 * n + i] as number;
    result.valid[at] = 1;
    result.objects[at] = places.object[n] as number;
    result.negative[at] = places.negative[n] as number;
  }
  return result;
}
