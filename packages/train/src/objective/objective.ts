/** The training objective of a model: its losses, the cost of matching, and how its logits become detections. */
import type { LossTerm } from '@dn-detr/core';
import type { Detections, ImageSize, RawPredictions } from '@dn-detr/core/models';
import type { MatchingCost } from '@dn-detr/matcher';
import type { z } from 'zod';

/** The training objective of a model: its losses, its matching cost, and how its predictions become detections. */
export interface Objective {
  /**
   * `softmax`: `numClasses + 1` logits, the last one for "no object"; `sigmoid`: an independent probability for each
   * class.
   */
  readonly head: 'softmax' | 'sigmoid';
  readonly terms: readonly LossTerm[];
  readonly matching: MatchingCost;
  /** Converts the predictions of the last layer to detections, in pixels of images of these sizes. */
  detections(predictions: RawPredictions, sizes: readonly ImageSize[]): Detections[];
}

/** Number of logits of a prediction: one for each class and, with `softmax`, a last one for "no object". */
export const numLogitsOf = (head: Objective['head'], numClasses: number): number =>
  numClasses + (head === 'softmax' ? 1 : 0);

/** An objective with its settings, which a configuration states below `objective` and a run stores in its folder. */
export interface ObjectiveSpec<Settings extends z.ZodObject = z.ZodObject> {
  readonly settings: Settings;
  /** Builds the objective that the settings describe. */
  build(settings: z.output<Settings>): Objective;
}
