/** The description of a model for training: its settings, its objective and how it is built. */
import type { Backbone, Detector } from '@dn-detr/core';
import type { DenoisingKind } from '@dn-detr/dn';
import type { z } from 'zod';
import type { DenoisingDefaults } from '../config/denoising.ts';
import type { ObjectiveSpec } from '../objective/objective.ts';

/**
 * A model that can be trained. `settings` are its settings below `model`, in addition to the name and the backbone;
 * settings of other models are not accepted there.
 */
export interface ModelSpec<Settings extends z.ZodObject = z.ZodObject> {
  /** Name in configurations and on the command line, such as `dn-detr`. */
  readonly name: string;
  /** Display name, such as `DN-DETR`. */
  readonly title: string;
  readonly settings: Settings;
  /**
   * The kinds of denoising that the model can be trained with, the default first; absent if it takes no known queries.
   */
  readonly denoising?: readonly DenoisingKind[];
  /** Defaults of the first kind in which this model differs. */
  readonly denoisingDefaults?: DenoisingDefaults;
  readonly objective: ObjectiveSpec;
  /**
   * Whether forward passes in training need random numbers, as dropout does. If this is absent or returns false, the
   * model is trained without any.
   */
  drops?(settings: z.output<Settings>): boolean;
  /**
   * Builds the model.
   *
   * @throws RangeError naming the setting if no model can be built with these sizes
   */
  build(settings: z.output<Settings>, backbone: Backbone, numClasses: number): Detector;
}
