/** Turns the backbone's features into the tokens of the encoder. */
import { type Rank, reshape, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';
import { attentionMask } from '../nn/attention-mask.ts';
import { fanInUniform } from '../nn/init.ts';
import { affine } from '../nn/linear.ts';
import { type Module, parameter, parametersOf } from '../nn/module.ts';
import { type SinePositionOptions, sinePositions } from '../position.ts';
import type { Tokens } from '../transformer/layer.ts';
import type { FeatureMap } from './detector.ts';

/**
 * Features `[B, h, w, channels]` as tokens `[B*N, d]` with N = h·w, with their sine positions and the mask of padded
 * tokens. The 1×1 convolution from the backbone's channels to the transformer's width is `input_proj`.
 */
export function featureTokens(channels: number, position: SinePositionOptions): Module<FeatureMap, Tokens> {
  const { width } = position;
  const [group, init] = ['rest', fanInUniform(channels)] as const;
  const weight = parameter<Tensor4D>({ name: 'input_proj.weight', shape: [width, channels, 1, 1], group, init });
  const bias = parameter<Tensor1D>({ name: 'input_proj.bias', shape: [width], group, init });
  return {
    parameters: parametersOf(weight, bias),
    apply: (tensors, { features, padding }) => {
      const [images, height, columns] = features.shape;
      const rows = reshape<Rank.R2>(features, [images * height * columns, channels]);
      const keyPadding = padding && reshape(padding, [images, height * columns]);
      // Reshaped, the kernel `[d, C, 1, 1]` is the matrix of a linear layer.
      const matrix = reshape<Rank.R2>(weight.apply(tensors), [width, channels]);
      return {
        features: affine(rows, matrix, bias.apply(tensors)),
        positions: sinePositions([images, height, columns], position, padding),
        mask: keyPadding && attentionMask({ keyPadding }, images),
      };
    },
  };
}
