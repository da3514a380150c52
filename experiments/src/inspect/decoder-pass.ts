/** Passes one image through a model and records the attention of its decoder. */
import type { NamedTensors } from '@dn-detr/core';
import type { ForwardOptions } from '@dn-detr/core/models';
import type { EvaluationBatch } from '@dn-detr/data';
import type { KnownQueries } from '@dn-detr/dn';
import { knownInputs } from '@dn-detr/dn/tfjs';
import { imageTensors, type Model } from '@dn-detr/train';
import { dispose, type Tensor4D, tidy } from '@tensorflow/tfjs-core';

/** Attention and predictions of the decoder for one image. */
export interface DecoderPass {
  /** Number of heads, H. */
  readonly heads: number;
  /** Self-attention weights of each layer among the T queries, `[H, T, T]`. */
  readonly self: readonly Float32Array[];
  /** Cross-attention weights of each layer on the N cells of the feature map, `[H, T, N]`; empty for deformable attention. */
  readonly cross: readonly Float32Array[];
  /** Samples of each layer; empty if attention is not deformable. */
  readonly sampled: readonly SampledLayer[];
  /** Logits of each layer, `[T, numLogits]`. */
  readonly logits: readonly Float32Array[];
  /** Boxes of each layer, `[T, 4]`, cxcywh in 0..1. */
  readonly boxes: readonly Float32Array[];
  /** Anchors of each layer, `[T, 4]`, cxcywh in 0..1; undefined for models without anchors. */
  readonly anchors: readonly Float32Array[] | undefined;
}

/** The contents of core's `ObservedSampling` for one image; coordinates are fractions of a level with its padding, in 0..1. */
export interface SampledLayer {
  /** Number of levels, L. */
  readonly levels: number;
  /** Reference points or boxes, `[T, L or 1, coordinates]`. */
  readonly references: Float32Array;
  /** Number of coordinates of a reference: 2 for points, 4 for boxes. */
  readonly coordinates: number;
  /** Locations of the samples, `[T, H, L, P, 2]`. */
  readonly locations: Float32Array;
  /** Weights of the samples, `[T, H, L, P]`. */
  readonly weights: Float32Array;
}

const decoderAttention = /decoder\.layers\.(\d+)\.(self_attn|cross_attn|multihead_attn)$/;

/** @param batch - A batch of one image. */
export function decoderPass(
  { detector }: Pick<Model, 'detector'>,
  parameters: NamedTensors,
  batch: EvaluationBatch,
  known: KnownQueries | undefined,
): DecoderPass {
  const [input, inputs] = [imageTensors(batch), known && knownInputs(known)];
  const self: Float32Array[] = [];
  const cross: Float32Array[] = [];
  const sampled: SampledLayer[] = [];
  let heads = 0;
  const observers: ForwardOptions = {
    observe: (name, weights) => {
      const [, layer, kind] = decoderAttention.exec(name) ?? [];
      if (layer === undefined) return;
      (kind === 'self_attn' ? self : cross)[Number(layer)] = weights.dataSync<'float32'>();
      heads = weights.shape[1];
    },
    observeSampling: (name, { references, locations, weights }) => {
      const [, layer] = decoderAttention.exec(name) ?? [];
      if (layer === undefined) return;
      sampled[Number(layer)] = {
        levels: weights.shape[3],
        references: references.dataSync<'float32'>(),
        coordinates: references.shape[3],
        locations: locations.dataSync<'float32'>(),
        weights: weights.dataSync<'float32'>(),
      };
    },
  };
  try {
    const predicted = tidy(() => {
      const { sets, anchors } = detector.forward(parameters, input, inputs, observers);
      const byLayer = (x: Tensor4D): Float32Array[] => {
        const [values, size] = [x.dataSync<'float32'>(), x.size / detector.layers];
        return Array.from({ length: detector.layers }, (_, l) => values.subarray(l * size, (l + 1) * size));
      };
      const [{ logits, boxes }] = sets;
      return { logits: byLayer(logits), boxes: byLayer(boxes), anchors: anchors && byLayer(anchors) };
    });
    return { heads, self, cross, sampled, ...predicted };
  } finally {
    dispose([input as never, (inputs ?? []) as never]);
  }
}
