/** A few strided convolutions, for training from scratch on small images. */
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { relu } from '../nn/activation.ts';
import { convolution } from '../nn/conv.ts';
import { groupNorm } from '../nn/group-norm.ts';
import { parametersOf } from '../nn/module.ts';
import type { NamedTensors } from '../nn/named.ts';
import type { Backbone } from './backbone.ts';
import { imageNet } from './normalization.ts';

/** Options of a small backbone. */
export interface TinyOptions {
  /** Output channels of each convolution; each convolution halves the resolution. */
  readonly channels: readonly number[];
  /** Number of maps that are returned, counted from the last. @defaultValue 1 */
  readonly levels?: number;
  /** After each convolution: group norm in 8 groups, or a bias instead of a norm. @defaultValue 'group' */
  readonly norm?: 'group' | 'none';
  /** Prefix of parameter names, including its dot. @defaultValue 'backbone.body.' */
  readonly prefix?: string;
}

const groups = 8;

/**
 * A backbone that has, for each entry of `channels`, a 3×3 convolution of stride 2, a norm and ReLU. The names are
 * those of a `torch.nn.Sequential` of these layers.
 *
 * @throws if `channels` is empty or has an entry that group norm cannot divide, or there are not that many levels
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
