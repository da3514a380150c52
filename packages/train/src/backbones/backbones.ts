/** The list of backbones. To add one, write a `BackboneSpec` and append it to this list or to a copy of it. */
import { type Backbone, efficientnetLite, resnet, tiny } from '@dn-detr/core';
import { z } from 'zod';
import { efficientnetLiteWeights } from '../pretrained/efficientnet-lite.ts';
import type { PretrainedWeights } from '../pretrained/pretrained-weights.ts';

/**
 * A backbone that a configuration can name. `settings` are its settings below `model.backbone`, in addition to the
 * kind.
 */
export interface BackboneSpec<Settings extends z.ZodObject = z.ZodObject> {
  readonly kind: string;
  readonly settings: Settings;
  /**
   * Builds the backbone.
   *
   * @throws Error naming the setting that does not fit
   */
  build(settings: z.output<Settings>): Backbone;
  /**
   * The weights that `init: 'pretrained'` loads, which have all of the backbone's parameters; absent if there are none.
   */
  pretrained?(settings: z.output<Settings>): PretrainedWeights;
}

const tinySettings = z.strictObject({
  /** Output channels of each 3×3 convolution of stride 2. @defaultValue [32, 64, 128] */
  channels: z.array(z.int().min(1)).min(1).default([32, 64, 128]),
  norm: z.enum(['group', 'none']).default('group'),
  /** Number of feature levels, which are the outputs of the last convolutions. @defaultValue 1 */
  levels: z.int().min(1).default(1),
});

const tinyBackbone: BackboneSpec<typeof tinySettings> = { kind: 'tiny', settings: tinySettings, build: tiny };

const stages = ['layer2', 'layer3', 'layer4'] as const;

const resnetSettings = z.strictObject({
  depth: z.literal([18, 34, 50, 101]).default(50),
  /** DC5: dilates the last stage instead of striding it. @defaultValue false */
  dilation: z.boolean().default(false),
  /**
   * The stages that give feature levels: strides 8, 16 and 32 (16 if dilated); single-level models take the last.
   *
   * @defaultValue all three
   */
  levels: z
    .array(z.enum(stages))
    .min(1)
    .default([...stages]),
  /**
   * Number of stages to train, counted from the last; 5 trains everything, including the first convolution.
   *
   * @defaultValue 3
   */
  trainStages: z.int().min(0).max(5).default(3),
});

const resnetBackbone: BackboneSpec<typeof resnetSettings> = { kind: 'resnet', settings: resnetSettings, build: resnet };

const efficientnetLiteSettings = z.strictObject({
  variant: z.literal([0, 1, 2]).default(0),
  /**
   * Number of stages to train, counted from the last of seven; a model whose last level has stride 16 leaves out two of
   * them, and with stride 8 four. 8 trains everything, including the first convolution.
   *
   * @defaultValue 0
   */
  trainStages: z.int().min(0).max(8).default(0),
});

const efficientnetLiteBackbone: BackboneSpec<typeof efficientnetLiteSettings> = {
  kind: 'efficientnet-lite',
  settings: efficientnetLiteSettings,
  build: efficientnetLite,
  pretrained: ({ variant }) => efficientnetLiteWeights[variant] as PretrainedWeights,
};

/** The backbones that a configuration can name. */
export const backbones: readonly BackboneSpec[] = [tinyBackbone, resnetBackbone, efficientnetLiteBackbone];
