/**
 * The reference transformer of `bench capture`: DETR without its backbone, from image tokens to a loss over the
 * predictions of every decoder layer. Post-norm layers and position handling are those of facebookresearch/detr; there
 * is no dropout and no matching, and the targets are given.
 */
import type { NamedTensors } from '@dn-detr/core';
import { decoder, encoder, type LayerOptions } from '@dn-detr/core/models';
import { embedding, linear, mlp, repeatRows } from '@dn-detr/core/nn';
import { add, type Scalar, sigmoid, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import { crossEntropy, l1 } from './reference-loss.ts';
import { hashedUniform, type ReferenceConfig } from './reference-parameters.ts';

/** Inputs for B images, N tokens, Q queries, width d, C classes, and M = decoder layers × B × Q predictions. */
// A type, not an interface: only types count as tensor containers.
export type ReferenceInputs = {
  /** Image tokens `[B*N, d]`. */
  readonly tokens: Tensor2D;
  /** Positions of the tokens `[B*N, d]`. */
  readonly positions: Tensor2D;
  /**
   * Initial content of the decoder's queries `[B*Q, d]`; not DETR's zeros, whose first layer norm magnifies rounding.
   */
  readonly content: Tensor2D;
  /** One-hot rows multiplied by the weight of the prediction in the loss, `[M, C+1]`. */
  readonly classTargets: Tensor2D;
  /** Boxes `[M, 4]`: cxcywh in 0..1. */
  readonly boxTargets: Tensor2D;
  /** Weight of each box in the loss, `[M, 1]`. */
  readonly boxWeights: Tensor2D;
};

/**
 * The loss, a scalar, as a pure function of named parameters (`referenceParameters`): it reads no values and draws no
 * random numbers.
 */
export function referenceLoss(parameters: NamedTensors, inputs: ReferenceInputs, config: ReferenceConfig): Scalar {
  const { logits, boxes } = referenceForward(parameters, inputs, config);
  const { classTargets, boxTargets, boxWeights } = inputs;
  return add(crossEntropy(logits, classTargets), l1(boxes, boxTargets, boxWeights));
}

/** Predictions of all decoder layers, one layer after the other: logits `[M, C+1]` and cxcywh boxes `[M, 4]`. */
export function referenceForward(
  parameters: NamedTensors,
  { tokens, positions, content }: Omit<ReferenceInputs, 'classTargets' | 'boxTargets' | 'boxWeights'>,
  config: ReferenceConfig,
): { logits: Tensor2D; boxes: Tensor2D } {
  const { batch, queries, width, heads, feedForward, encoderLayers, decoderLayers, numClasses } = config;
  const [group, pass] = ['rest', { batch }] as const;
  const layer: LayerOptions = { width, heads, feedForward, activation: 'relu', preNorm: false };
  const encode = encoder('transformer.encoder', { ...layer, layers: encoderLayers, scalePositions: false });
  const decode = decoder('transformer.decoder', { ...layer, layers: decoderLayers });
  const queryPositions = embedding('query_embed', { rows: queries, width, group });
  const classHead = linear('class_embed', { inputs: width, outputs: numClasses + 1, group });
  const boxHead = mlp('bbox_embed', { widths: [width, width, width, 4], group });

  const memory = encode.apply(parameters, { tokens: { features: tokens, positions }, pass });
  const decoded = decode.apply(parameters, {
    content,
    positions: repeatRows(queryPositions.apply(parameters), batch),
    memory: { features: memory, positions },
    pass,
  });
  return {
    logits: classHead.apply(parameters, decoded),
    boxes: sigmoid(boxHead.apply(parameters, decoded)),
  };
}

/**
 * Repeatable inputs: one prediction in eight has an object, and the others have a tenth of the weight, as in DETR's
 * loss.
 */
export function referenceInputs(config: ReferenceConfig, seed = 1): ReferenceInputs {
  const { batch, tokens, queries, width, numClasses, decoderLayers } = config;
  const predictions = decoderLayers * batch * queries;
  const objects = Math.ceil(predictions / 8);
  const rows = (count: number, columns: number, stream: number, change: (value: number) => number = (value) => value) =>
    tensor2d(hashedUniform(count * columns, seed * 16 + stream).map(change), [count, columns]);

  const classTargets = new Float32Array(predictions * (numClasses + 1));
  const boxWeights = new Float32Array(predictions);
  for (let row = 0; row < predictions; row++) {
    const hasObject = row % 8 === 0;
    const label = hasObject ? (row / 8) % numClasses : numClasses;
    classTargets[row * (numClasses + 1) + label] = (hasObject ? 1 : 0.1) / objects;
    boxWeights[row] = hasObject ? 5 / objects : 0;
  }
  return {
    tokens: rows(batch * tokens, width, 0),
    positions: rows(batch * tokens, width, 1),
    content: rows(batch * queries, width, 3),
    classTargets: tensor2d(classTargets, [predictions, numClasses + 1]),
    boxTargets: rows(predictions, 4, 2, (value) => 0.5 + 0.4 * value),
    boxWeights: tensor2d(boxWeights, [predictions, 1]),
  };
}
