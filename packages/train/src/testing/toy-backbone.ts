/**
 * A backbone of one convolution: every patch of pixels becomes a feature, as in ViT (Dosovitskiy et al., ICLR 2021).
 */
import { imageNet } from '@dn-detr/core';
import { convolution } from '@dn-detr/core/nn';
import type { BackboneSpec } from '@dn-detr/train';
import { z } from 'zod';

const settings = z.strictObject({
  /** Side of a patch in pixels. @defaultValue 16 */
  size: z.int().min(1).default(16),
  channels: z.int().min(1).default(64),
});

export const patches: BackboneSpec<typeof settings> = {
  kind: 'patches',
  settings,
  build({ size, channels }) {
    const sizes = { size, stride: size, inputs: 3, outputs: channels };
    const embed = convolution('backbone.patches', { ...sizes, bias: true, group: 'backbone' });
    return {
      parameters: embed.parameters,
      levels: [{ channels, stride: size }],
      normalization: imageNet,
      forward: (tensors, images) => [embed.apply(tensors, images)],
    };
  },
};
