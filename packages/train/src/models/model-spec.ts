/** The interface of models for training: settings, objective, and how they are built. */
import type { Backbone, Detector } from '@dn-detr/core';
import type { DenoisingKind } from '@dn-detr/dn';
import type { z } from 'zod';
import type { DenoisingDefaults } from '../config/denoising.ts';
import type { ObjectiveSpec } from '../objective/objective.ts';

/**
 * A model that can be trained, by its name. `settings` are what a configuration says below `model`, beside the name and
 * the backbone; none of another model is accepted there.
 */
export interface ModelSpec<Settings extends z.ZodObject = z.ZodObject> {
  /** Name in configurations and on the command line, such as `dn-detr`. */
  readonly name: string;
  /** The name for people, such as `DN-DETR`. */
  readonly title: string;
  readonly settings: Settings;
  /** Kinds of known queries that it can be trained with, the default first; absent where it takes none. */
  readonly denoising?: readonly DenoisingKind[];
  /** Settings of the first of these kinds that start from other values with this model. */
  readonly denoisingDefaults?: DenoisingDefaults;
  readonly objective: ObjectiveSpec;
  /**
   * Whether forward passes in training get random numbers, as dropout needs them. Where this is left out, or is false, a
   * model is trained without any.
   */
  drops?(settings: z.output<Settings>): boolean;
  /** @throws RangeError naming the setting if no model can be built with these sizes */
  build(settings: z.output<Settings>, backbone: Backbone, numClasses: number): Detector;
}
