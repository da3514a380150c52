/** From the backbone's features to the tokens of the encoder. */
import { type Rank, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { attentionMask } from '../nn/attention-mask.ts';
import { fanInUniform, type ParameterDeclaration } from '../nn/init.ts';
import { linear } from '../nn/linear.ts';
import { type NamedTensors, namedTensor } from '../nn/named.ts';
import { type SinePositionOptions, sinePositions } from '../position.ts';
import { type Tokens, transformerGroup } from '../transformer/layer.ts';
import type { FeatureBatch } from './detector.ts';

/** The 1×1 convolution from the backbone's channels to the transformer's width. */
const projection = 'input_proj';

/** Features `[B, h, w, C]` as `[B*N, d]` with N = h·w, their sine positions, and the mask of padded ones. */
export function tokens(tensors: NamedTensors, batch: FeatureBatch, position: SinePositionOptions): Tokens {
  const { features, padding } = batch;
  const [images, height, width, channels] = features.shape;
  const rows = reshape<Rank.R2>(features, [images * height * width, channels]);
  const weight = namedTensor<Tensor>(tensors, `${projection}.weight`);
  const keyPadding = padding && reshape(padding, [images, height * width]);
  return {
    // Its kernel `[d, C, 1, 1]` is the matrix of a linear layer as it stands.
    features: linear(rows, {
      weight: reshape<Rank.R2>(weight, [position.width, channels]),
      bias: namedTensor(tensors, `${projection}.bias`),
    }),
    positions: sinePositions([images, height, width], position, padding),
    mask: keyPadding && attentionMask({ keyPadding }, images),
  };
}

export function declareProjection(channels: number, width: number): ParameterDeclaration[] {
  const init = fanInUniform(channels);
  return [
    { name: `${projection}.weight`, shape: [width, channels, 1, 1], group: transformerGroup, init },
    { name: `${projection}.bias`, shape: [width], group: transformerGroup, init },
  ];
}
