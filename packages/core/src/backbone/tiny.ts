/** A few strided convolutions, for training from scratch on small images. */
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { relu } from '../nn/activation.ts';
import { convolution } from '../nn/conv.ts';
import { groupNorm } from '../nn/group-norm.ts';
import { parametersOf } from '../nn/module.ts';
import type { NamedTensors } from '../nn/named.ts';
import type { Backbone } from './backbone.ts';
import { imageNet } from './normalization.ts';

/** The convolutions of a small backbone. */
export interface TinyOptions {
  /** Outputs of each convolution; each halves the resolution. */
  readonly channels: readonly number[];
  /** Number of feature maps that are returned, counted from the last. @defaultValue 1 */
  readonly levels?: number;
  /** Normalisation after each convolution: group norm in 8 groups, or none and a bias instead. @defaultValue 'group' */
  readonly norm?: 'group' | 'none';
  /** Prefix of the parameter names, with its dot. @defaultValue 'backbone.body.' */
  readonly prefix?: string;
}

const groups = 8;

/**
 * For each entry of `channels` a 3×3 convolution of stride 2, a norm and ReLU. Names are those of a
 * `torch.nn.Sequential` of them.
 *
 * @throws if there are no channels, or ones that group norm cannot divide, or not that many levels
 */
export function tiny({ channels, levels = 1, norm: kind = 'group', prefix = 'backbone.body.' }: TinyOptions): Backbone {
  const normed = kind === 'group';
  const misfit = channels.find((count) => normed && count % groups !== 0);
  if (channels.length === 0 || misfit !== undefined) {
    const wanted = `at least one entry${normed ? `, each a multiple of ${groups}` : ''}`;
    throw new Error(`tiny: expected ${wanted} in channels, got [${channels}]`);
  }
  if (!(Number.isSafeInteger(levels) && levels >= 1 && levels <= channels.length)) {
    throw new Error(`tiny: expected 1 to ${channels.length} in levels, one for each of channels, got ${levels}`);
  }
  const layers = channels.map((outputs, i) => {
    const index = i * (normed ? 3 : 2);
    const sizes = { size: 3, inputs: channels[i - 1] ?? 3, outputs, stride: 2, padding: 1 };
    const conv = convolution(`${prefix}${index}`, { ...sizes, group: 'backbone', bias: !normed });
    const norm = normed ? groupNorm(`${prefix}${index + 1}`, { width: outputs, groups, group: 'backbone' }) : undefined;
    return {
      parameters: parametersOf(conv, norm),
      apply: (tensors: NamedTensors, x: Tensor4D): Tensor4D => {
        const y = conv.apply(tensors, x);
        return relu(norm ? norm.apply(tensors, y) : y);
      },
    };
  });
  return {
    parameters: parametersOf(...layers),
    levels: channels.map((channels, i) => ({ channels, stride: 2 ** (i + 1) })).slice(-levels),
    normalization: imageNet,
    forward: (tensors, images) => {
      let x = images;
      const outputs = layers.map((layer) => {
        x = layer.apply(tensors, x);
        return x;
      });
      return outputs.slice(-levels);
    },
    upTo: (level) =>
      tiny({
        channels: channels.slice(0, channels.length - levels + level + 1),
        levels: level + 1,
        norm: kind,
        prefix,
      }),
  };
}
