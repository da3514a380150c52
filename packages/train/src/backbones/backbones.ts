/** The backbones there are. Another one is a further `BackboneSpec`, added to this list or to a copy of it. */
import { type Backbone, efficientnetLite, resnet, tiny } from '@dn-detr/core';
import { z } from 'zod';
import { efficientnetLiteWeights } from '../pretrained/efficientnet-lite.ts';
import type { PretrainedWeights } from '../pretrained/pretrained-weights.ts';

/** A backbone that a configuration can name. `settings` are what it says below `model.backbone`, beside the kind. */
export interface BackboneSpec<Settings extends z.ZodObject = z.ZodObject> {
  readonly kind: string;
  readonly settings: Settings;
  /** @throws Error saying which setting does not fit */
  build(settings: z.output<Settings>): Backbone;
  /** The weights that `init: 'pretrained'` means, which have all of its parameters; absent where there are none. */
  pretrained?(settings: z.output<Settings>): PretrainedWeights;
}

const tinySettings = z.strictObject({
  /** Outputs of each 3×3 convolution of stride 2. */
  channels: z.array(z.int().min(1)).min(1).default([32, 64, 128]),
  norm: z.enum(['group', 'none']).default('group'),
  /** How many of the last convolutions hand out their features. */
  levels: z.int().min(1).default(1),
});

const tinyBackbone: BackboneSpec<typeof tinySettings> = { kind: 'tiny', settings: tinySettings, build: tiny };

const stages = ['layer2', 'layer3', 'layer4'] as const;

const resnetSettings = z.strictObject({
  depth: z.literal([18, 34, 50, 101]).default(50),
  /** DC5: the last stage dilated in place of strided */
  dilation: z.boolean().default(false),
  /**
   * The stages that hand out their features: strides 8, 16 and 32 (16 where dilated); models of one map take the last.
   */
  levels: z
    .array(z.enum(stages))
    .min(1)
    .default([...stages]),
  /** Number of trained stages, counted from the last; 5 trains all of it, first convolution included. */
  trainStages: z.int().min(0).max(5).default(3),
});

const resnetBackbone: BackboneSpec<typeof resnetSettings> = { kind: 'resnet', settings: resnetSettings, build: resnet };

const efficientnetLiteSettings = z.strictObject({
  variant: z.literal([0, 1, 2]).default(0),
  /**
   * Number of trained stages, counted from the last of seven, of which a level of stride 16 leaves out two and one of
   * stride 8 four; 8 trains all of it, first convolution included.
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
