/**
 * Denoising queries made from the ground truth, with their masks and targets, on typed arrays.
 *
 * @module @dn-detr/dn
 */
export { knownAnchors } from './anchors.ts';
export { contrastiveBoxes } from './contrastive.ts';
export { DnError } from './error.ts';
export { dinoGroups, type GroupLayout, groupLayout, type LayoutOptions } from './groups.ts';
export { groupMask, type Isolation, imageMask, keyPadding, type QueryMasks } from './mask.ts';
export { type BoxNoise, flipLabels, jitterBoxes, type LabelNoise } from './noise.ts';
export {
  type ContrastiveOptions,
  type DenoisingKind,
  type DenoisingOptions,
  type DenoisingSettings,
  type DnOptions,
  denoisingDefaults,
  denoisingSettings,
  type QueryModel,
  type SkipReason,
} from './options.ts';
export type { PlacedQueries } from './places.ts';
export { type KnownQueries, type KnownUsage, prepareKnownQueries } from './queries.ts';
export { type NoiseSource, type RecordedNoise, recordedNoise, seededNoise } from './random.ts';
export { type SplitOutputs, splitOutputs } from './split.ts';
export { type KnownAssignment, knownTargets } from './targets.ts';
export { type UsableObjects, usableObjects } from './usable-objects.ts';
