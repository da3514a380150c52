/** The objective of a model: its losses, what matching costs, and how its logits become detections. */
import type { LossTerm } from '@dn-detr/core';
import type { Detections, ImageSize, RawPredictions } from '@dn-detr/core/models';
import type { MatchingCost } from '@dn-detr/matcher';
import type { z } from 'zod';

/** The objective of a model: its losses, its matching cost, and how predictions become detections. */
export interface Objective {
  /** `softmax`: `numClasses + 1` logits, the last one for "no object"; `sigmoid`: a probability for each class by itself */
  readonly head: 'softmax' | 'sigmoid';
  readonly terms: readonly LossTerm[];
  readonly matching: MatchingCost;
  /** Detections in pixels of images of these sizes, from the last layer's predictions. */
  detections(predictions: RawPredictions, sizes: readonly ImageSize[]): Detections[];
}

/** How many logits predictions have: one for each class, and with `softmax` one more, the last, for "no object". */
export const numLogitsOf = (head: Objective['head'], numClasses: number): number =>
  numClasses + (head === 'softmax' ? 1 : 0);

/** An objective with its settings, which a configuration states below `objective` and a run's folder keeps. */
export interface ObjectiveSpec<Settings extends z.ZodObject = z.ZodObject> {
  readonly settings: Settings;
  /** Builds the objective that the settings describe. */
  build(settings: z.output<Settings>): Objective;
}
