/** Tensors that models with deformable attention compute between features and predictions. */
import type { Backbone, ImageBatch, NamedTensors } from '@dn-detr/core';
import {
  type FeatureBatch,
  type LevelTokenOptions,
  type LevelTokens,
  levelTokens,
  resizeMask,
  type TransformerOutput,
} from '@dn-detr/core/models';
import { affine } from '@dn-detr/core/nn';
import {
  mul,
  type Rank,
  reshape,
  sigmoid,
  slice,
  split,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tile,
} from '@tensorflow/tfjs-core';

/** The backbone's maps `[B, h, w, C]`: taken from the batch, or computed from its images. */
export function mapsOf(
  backbone: Backbone,
  batch: ImageBatch | FeatureBatch,
  parameters: NamedTensors,
): readonly Tensor4D[] {
  return 'levels' in batch ? batch.levels.map(({ features }) => features) : backbone.forward(parameters, batch.images);
}

/** The tokens that enter the encoder. */
export function embeddedLevels(
  backbone: Backbone,
  batch: ImageBatch | FeatureBatch,
  parameters: NamedTensors,
  options: LevelTokenOptions,
): LevelTokens {
  const { padding } = batch;
  const levels = mapsOf(backbone, batch, parameters).map((features) => ({
    features,
    padding: padding && resizeMask(padding, [features.shape[1], features.shape[2]]),
  }));
  return levelTokens(backbone.levels, options).apply(parameters, { levels, padding });
}

/** Rows of tokens as `[B, S, d]`, with zeros for padded tokens. */
export function withoutPadding(rows: Tensor2D, { padding }: LevelTokens): Tensor {
  if (padding === undefined) return rows;
  const [images, tokens] = padding.shape;
  return mul(reshape(rows, [images, tokens, -1]), sub(1, reshape(padding, [images, tokens, 1])));
}

/** The reference points of queries: before the first layer `[B, T, 2 or 4]`, and after each `[L, B, T, 2 or 4]`. */
export function referencesOf(
  { sets: [decoded], anchors }: TransformerOutput,
  parameters: NamedTensors,
): { readonly initial: Tensor; readonly afterLayers: Tensor } {
  const [layers, images, total] = decoded.boxes.shape;
  const initial = anchors ? reshape(slice(anchors, 0, 1), [images, total, 4]) : learnedPoints(parameters, images);
  // With one head for all layers, references do not change.
  const refines = Object.keys(parameters).some((name) => name.startsWith('transformer.decoder.bbox_embed.'));
  const kept = tile(reshape(initial, [1, ...initial.shape]), [layers, 1, 1, 1]);
  return { initial, afterLayers: refines ? decoded.boxes.clone() : kept };
}

/** The reference points of Deformable DETR's queries: a linear layer of their positions, `[B, Q, 2]`. */
function learnedPoints(parameters: NamedTensors, images: number): Tensor3D {
  const [positions] = split(parameters['query_embed.weight'] as Tensor2D, 2, 1) as [Tensor2D, Tensor2D];
  const weight = parameters['transformer.reference_points.weight'] as Tensor2D;
  const points = sigmoid(affine(positions, weight, parameters['transformer.reference_points.bias'] as Tensor1D));
  return tile(reshape<Rank.R3>(points, [1, ...points.shape]), [images, 1, 1]);
}
