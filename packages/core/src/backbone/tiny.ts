/** A few strided convolutions, for training from scratch on small images. */
import { relu } from '../nn/activation.ts';
import { conv2d, convParameters, declareConv } from '../nn/conv.ts';
import { groupNorm } from '../nn/group-norm.ts';
import { declareNorm, normParameters } from '../nn/norm.ts';
import type { Backbone } from './backbone.ts';

export interface TinyOptions {
  /** outputs of each convolution; each halves the resolution */
  readonly channels: readonly number[];
  /** after each convolution: group norm in 8 groups, or none and a bias instead; `group` */
  readonly norm?: 'group' | 'none';
  /** of parameter names, with its dot; `backbone.body.` */
  readonly prefix?: string;
}

const groups = 8;

/**
 * For each entry of `channels` a 3×3 convolution of stride 2, a norm and ReLU. Names are those of a
 * `torch.nn.Sequential` of them.
 *
 * @throws if there are no channels, or ones that group norm cannot divide
 */
export function tiny({ channels, norm = 'group', prefix = 'backbone.body.' }: TinyOptions): Backbone {
  const normed = norm === 'group';
  const misfit = channels.find((count) => normed && count % groups !== 0);
  if (channels.length === 0 || misfit !== undefined) {
    const wanted = `at least one entry${normed ? `, each a multiple of ${groups}` : ''}`;
    throw new Error(`tiny: expected ${wanted} in channels, got [${channels}]`);
  }
  const layers = channels.map((outputs, i) => {
    const index = i * (normed ? 3 : 2);
    return { conv: `${prefix}${index}`, norm: `${prefix}${index + 1}`, inputs: channels[i - 1] ?? 3, outputs };
  });
  return {
    parameters: layers.flatMap(({ conv, norm, inputs, outputs }) => [
      ...declareConv(conv, { size: 3, inputs, outputs, group: 'backbone', bias: !normed }),
      ...(normed ? declareNorm(norm, { width: outputs, group: 'backbone' }) : []),
    ]),
    channels: channels.at(-1) as number,
    stride: 2 ** channels.length,
    forward: (tensors, images) =>
      layers.reduce((x, { conv, norm }) => {
        const y = conv2d(x, convParameters(tensors, conv), { stride: 2, padding: 1 });
        return relu(normed ? groupNorm(y, normParameters(tensors, norm), groups) : y);
      }, images),
  };
}
