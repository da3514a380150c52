/**
 * The decoders of Deformable DETR (Zhu et al., ICLR 2021), of DN-DETR with deformable attention, and of DINO. Sources:
 * fundamentalvision/Deformable-DETR `models/deformable_transformer.py`, IDEA-Research/DN-DETR
 * `models/dn_dab_deformable_detr/deformable_transformer.py`, IDEA-Research/DINO
 * `models/dino/deformable_transformer.py`.
 */
import {
  add,
  concat,
  mul,
  pad,
  type Rank,
  reshape,
  sigmoid,
  slice,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { AttentionMask } from '../nn/attention-mask.ts';
import { detach } from '../nn/detach.ts';
import { inverseSigmoid } from '../nn/inverse-sigmoid.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import { layerNorm } from '../nn/norm.ts';
import type { Pass } from '../nn/pass.ts';
import { boxSineEmbedding } from '../position.ts';
import { applyByLayer } from './by-layer.ts';
import { deformableDecoderLayer } from './deformable-decoder-layer.ts';
import type { DeformableLayerOptions } from './deformable-encoder.ts';
import { transformerMlp } from './layer.ts';
import { type LevelTokens, onLevels } from './levels.ts';

/** Input of a decoder with deformable attention. */
export interface DeformableDecoderInput {
  /** Initial content of the queries, `[B*T, d]`. */
  readonly content: Tensor2D;
  /** References that the first layer samples around: points `[B*T, 2]`, or boxes `[B*T, 4]` cxcywh, in 0..1. */
  readonly references: Tensor2D;
  /** Computes the positions of the queries in a layer, `[B*T, d]`. */
  readonly positions: (input: PositionInput) => Tensor2D;
  /** Which queries see which others; all of them if left out. */
  readonly mask?: AttentionMask | undefined;
  /** The encoder's output, with its levels. */
  readonly memory: LevelTokens;
  readonly pass: Pass;
}

/** Input for computing the positions of queries in a layer. */
export interface PositionInput {
  /** References of the queries on each level, `[B, T, L, k]`; see `onLevels`. */
  readonly references: Tensor4D;
  /** Content of the queries, `[B*T, d]`. */
  readonly content: Tensor2D;
  /** Index of the layer, from 0. */
  readonly layer: number;
}

/** Options of a decoder with deformable attention. */
export interface DeformableDecoderOptions extends DeformableLayerOptions {
  readonly layers: number;
  /**
   * Whether each layer samples around the box that the previous one predicts; otherwise all use the first references.
   */
  readonly refines: boolean;
  /**
   * Heads from the output of a layer to boxes relative to its references, `[N, 4]`: one per layer, or one for all
   * layers.
   */
  readonly boxHeads: readonly Module<Tensor2D, Tensor2D>[];
  /** `eps` of the inverse sigmoid of references: 1e-5 in Deformable DETR, 1e-3 in DN-DETR and DINO. */
  readonly epsilon: number;
  /**
   * Look forward twice (DINO, Zhang et al., ICLR 2023, section 3.5): heads read the outputs of layers after a shared
   * normalisation, and the box of a layer is relative to the references that the previous layer predicts, not detached,
   * so that its loss trains that layer too.
   * @defaultValue false
   */
  readonly lookForwardTwice?: boolean;
}

/** Outputs of a decoder with deformable attention, layer by layer. */
export interface DeformableDecoded {
  /** Outputs of all L layers as the heads read them, one layer after another: `[L*B*T, d]`. */
  readonly hidden: Tensor2D;
  /** Boxes predicted by each layer, cxcywh in 0..1: `[L*B*T, 4]`. */
  readonly boxes: Tensor2D;
  /**
   * References that entered each layer, `[B*T, 2]` or `[B*T, 4]`; with `lookForwardTwice`, as they were before
   * detaching.
   */
  readonly references: readonly Tensor2D[];
}

/**
 * A decoder with deformable attention, from queries to predicted boxes. The box that a layer passes on is detached, so
 * that its loss trains the box head of this layer only, unless `lookForwardTwice` is set.
 */
export function deformableDecoder(
  name: string,
  options: DeformableDecoderOptions,
): Module<DeformableDecoderInput, DeformableDecoded> {
  const { boxHeads, refines, epsilon, lookForwardTwice = false, width } = options;
  const layers = Array.from({ length: options.layers }, (_, i) =>
    deformableDecoderLayer(`${name}.layers.${i}`, options),
  );
  const norm = lookForwardTwice ? layerNorm(`${name}.norm`, { width, group: 'rest' }) : undefined;
  const boxHead = (layer: number) => (boxHeads[layer] ?? boxHeads[0]) as Module<Tensor2D, Tensor2D>;
  return {
    parameters: parametersOf(...layers, norm, ...boxHeads),
    apply: (tensors, { content, references, positions, mask, memory, pass }) => {
      const outputs: Tensor2D[] = [];
      const entered: Tensor2D[] = [];
      // The predicted references before detaching.
      const predicted: Tensor2D[] = [references];
      let x = content;
      let from = references;
      layers.forEach((layer, i) => {
        const onEachLevel = onLevels(reshape<Rank.R3>(from, [pass.batch, -1, from.shape[1]]), memory);
        const placed = positions({ references: onEachLevel, content: x, layer: i });
        x = layer.apply(tensors, { content: x, positions: placed, references: onEachLevel, mask, memory, pass });
        outputs.push(x);
        entered.push(from);
        // With a norm, the last layer's prediction is computed below, from the normalised outputs.
        if (norm !== undefined && i === layers.length - 1) return;
        const box = boxesFrom(boxHead(i).apply(tensors, x), from, epsilon);
        predicted.push(box);
        if (refines) from = detach(box);
      });
      if (norm === undefined)
        return { hidden: concat(outputs, 0), boxes: concat(predicted.slice(1), 0), references: entered };
      const hidden = norm.apply(tensors, concat(outputs, 0));
      const deltas = applyByLayer(boxHeads, tensors, hidden);
      return { hidden, boxes: boxesFrom(deltas, concat(predicted, 0), epsilon), references: predicted };
    },
  };
}

/**
 * Adds a box head's output to references before the sigmoid: to all four coordinates of boxes, or only to the centre if
 * references are points.
 */
function boxesFrom(delta: Tensor2D, references: Tensor2D, epsilon: number): Tensor2D {
  const below = inverseSigmoid(references, epsilon);
  const whole =
    references.shape[1] === 4
      ? below
      : pad(below, [
          [0, 0],
          [0, 2],
        ]);
  return sigmoid(add<Tensor2D>(delta, whole));
}

/**
 * Positions of anchors (DAB-DETR, section 4.1), `[B*T, d]`: an MLP of their sine embedding on the finest level.
 *
 * @param name name of the decoder
 * @param scaled whether every layer but the first scales them by an MLP of the content, which DINO leaves out
 */
export function anchorPositions(name: string, width: number, scaled = true): Module<PositionInput, Tensor2D> {
  const scale = scaled ? transformerMlp(`${name}.query_scale`, [width, width, width]) : undefined;
  const embed = transformerMlp(`${name}.ref_point_head`, [2 * width, width, width]);
  return {
    parameters: parametersOf(scale, embed),
    apply: (tensors, { references, content, layer }) => {
      const [batch, queries, , size] = references.shape;
      const finest = slice(references, [0, 0, 0, 0], [batch, queries, 1, size]);
      const sine = boxSineEmbedding(reshape(finest, [batch * queries, size]), width / 2);
      const embedded = embed.apply(tensors, sine);
      return layer === 0 || scale === undefined ? embedded : mul<Tensor2D>(embedded, scale.apply(tensors, content));
    },
  };
}
