/** One image's pass through a model, with all that its decoder attends to. */
import type { NamedTensors } from '@dn-detr/core';
import type { ForwardOptions } from '@dn-detr/core/models';
import type { EvaluationBatch } from '@dn-detr/data';
import type { KnownQueries } from '@dn-detr/dn';
import { knownInputs } from '@dn-detr/dn/tfjs';
import { imageTensors, type Model } from '@dn-detr/train';
import { dispose, type Tensor4D, tidy } from '@tensorflow/tfjs-core';

export interface DecoderPass {
  /** H */
  readonly heads: number;
  /** Weights of each layer among the T queries, `[H, T, T]`. */
  readonly self: readonly Float32Array[];
  /** Weights of each layer on the N cells of the feature map, `[H, T, N]`; empty where attention is deformable. */
  readonly cross: readonly Float32Array[];
  /** Samples of each layer; empty where attention is not deformable. */
  readonly sampled: readonly SampledLayer[];
  /** Predictions of each layer: logits `[T, numLogits]`, boxes cxcywh in 0..1 `[T, 4]`. */
  readonly logits: readonly Float32Array[];
  readonly boxes: readonly Float32Array[];
  /** `[T, 4]`, cxcywh in 0..1, of each layer; undefined for models without */
  readonly anchors: readonly Float32Array[] | undefined;
}

/**
 * The part of core's `ObservedSampling` that belongs to the image; coordinates are in 0..1 of a level with its padding.
 */
export interface SampledLayer {
  /** L */
  readonly levels: number;
  /** `[T, L or 1, coordinates]` */
  readonly references: Float32Array;
  /** Coordinates of a reference: 2 where references are points, 4 where they are boxes. */
  readonly coordinates: number;
  /** `[T, H, L, P, 2]` */
  readonly locations: Float32Array;
  /** `[T, H, L, P]` */
  readonly weights: Float32Array;
}

const decoderAttention = /decoder\.layers\.(\d+)\.(self_attn|cross_attn|multihead_attn)$/;

/** @param batch of one image */
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
