/**
 * The reference transformer of `bench capture`: DETR without its backbone, from image tokens to a loss over the
 * predictions of every decoder layer. Post-norm layers and position handling are those of facebookresearch/detr;
 * there is no dropout and no matching, the targets are given.
 */
import {
  type AttentionInputs,
  addSame,
  attentionParameters,
  layerNorm,
  linear,
  linearParameters,
  mlp,
  multiHeadAttention,
  type NamedTensors,
  namedTensor,
  normParameters,
  repeatRows,
} from '@dn-detr/core';
import { add, concat, type Scalar, sigmoid, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import { crossEntropy, l1 } from './reference-loss.ts';
import { hashedUniform, type ReferenceConfig } from './reference-parameters.ts';

/** B images, N tokens, Q queries, width d, C classes; M = decoder layers × B × Q predictions. */
// A type, not an interface: only types count as tensor containers.
export type ReferenceInputs = {
  /** image tokens, `[B*N, d]` */
  readonly tokens: Tensor2D;
  /** their positions, `[B*N, d]` */
  readonly positions: Tensor2D;
  /** what the decoder starts from, `[B*Q, d]`; not DETR's zeros, whose first layer norm magnifies rounding */
  readonly content: Tensor2D;
  /** one-hot rows times the weight of the prediction in the loss, `[M, C+1]` */
  readonly classTargets: Tensor2D;
  /** cxcywh in 0..1, `[M, 4]` */
  readonly boxTargets: Tensor2D;
  /** weight of each box in the loss, `[M, 1]` */
  readonly boxWeights: Tensor2D;
};

/** The loss, a scalar, of named parameters (`referenceParameters`): pure, reads no value, draws no number. */
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
  const { batch, heads, encoderLayers, decoderLayers } = config;

  /** norm(x + attention) */
  const attendTo = (x: Tensor2D, inputs: AttentionInputs, attention: string, norm: string): Tensor2D => {
    const attended = multiHeadAttention(inputs, attentionParameters(parameters, attention), { batch, heads });
    return layerNorm(addSame(x, attended), normParameters(parameters, norm));
  };
  /** norm(x + mlp(x)) */
  const feedForward = (x: Tensor2D, layer: string, norm: string): Tensor2D => {
    const layers = [`${layer}.linear1`, `${layer}.linear2`].map((name) => linearParameters(parameters, name));
    return layerNorm(addSame(x, mlp(x, layers)), normParameters(parameters, norm));
  };

  let memory = tokens;
  for (let i = 0; i < encoderLayers; i++) {
    const layer = `transformer.encoder.layers.${i}`;
    const placed = addSame(memory, positions);
    memory = attendTo(memory, { query: placed, key: placed, value: memory }, `${layer}.self_attn`, `${layer}.norm1`);
    memory = feedForward(memory, layer, `${layer}.norm2`);
  }

  const placedMemory = addSame(memory, positions);
  const queryPositions = repeatRows(namedTensor<Tensor2D>(parameters, 'query_embed.weight'), batch);
  const outputs: Tensor2D[] = [];
  let x = content;
  for (let i = 0; i < decoderLayers; i++) {
    const layer = `transformer.decoder.layers.${i}`;
    const placed = addSame(x, queryPositions);
    x = attendTo(x, { query: placed, key: placed, value: x }, `${layer}.self_attn`, `${layer}.norm1`);
    const cross = { query: addSame(x, queryPositions), key: placedMemory, value: memory };
    x = attendTo(x, cross, `${layer}.multihead_attn`, `${layer}.norm2`);
    x = feedForward(x, layer, `${layer}.norm3`);
    outputs.push(x);
  }

  // The heads see the layers as one long batch: a few large products in place of many small ones.
  const decoded = layerNorm(concat(outputs, 0), normParameters(parameters, 'transformer.decoder.norm'));
  const boxLayers = [0, 1, 2].map((i) => linearParameters(parameters, `bbox_embed.layers.${i}`));
  return {
    logits: linear(decoded, linearParameters(parameters, 'class_embed')),
    boxes: sigmoid(mlp(decoded, boxLayers)),
  };
}

/** Repeatable inputs: one prediction in eight has an object, the others weigh a tenth, as in DETR's loss. */
export function referenceInputs(config: ReferenceConfig, seed = 1): ReferenceInputs {
  const { batch, tokens, queries, width, classes, decoderLayers } = config;
  const predictions = decoderLayers * batch * queries;
  const objects = Math.ceil(predictions / 8);
  const rows = (count: number, columns: number, stream: number, change: (value: number) => number = (value) => value) =>
    tensor2d(hashedUniform(count * columns, seed * 16 + stream).map(change), [count, columns]);

  const classTargets = new Float32Array(predictions * (classes + 1));
  const boxWeights = new Float32Array(predictions);
  for (let row = 0; row < predictions; row++) {
    const hasObject = row % 8 === 0;
    const label = hasObject ? (row / 8) % classes : classes;
    classTargets[row * (classes + 1) + label] = (hasObject ? 1 : 0.1) / objects;
    boxWeights[row] = hasObject ? 5 / objects : 0;
  }
  return {
    tokens: rows(batch * tokens, width, 0),
    positions: rows(batch * tokens, width, 1),
    content: rows(batch * queries, width, 3),
    classTargets: tensor2d(classTargets, [predictions, classes + 1]),
    boxTargets: rows(predictions, 4, 2, (value) => 0.5 + 0.4 * value),
    boxWeights: tensor2d(boxWeights, [predictions, 1]),
  };
}
