/** Finds what one query of a trained model attends to, in the image and among the other queries. */
import { loadParameters } from '@dn-detr/core';
import { type DatasetImage, type EvaluationBatch, evaluationBatches, type RgbImage, type Size } from '@dn-detr/data';
import type { KnownQueries } from '@dn-detr/dn';
import { buildModel, knownQueriesAt, loadersOf, type Model, UserError, withKnownSlots } from '@dn-detr/train';
import { dispose } from '@tensorflow/tfjs-core';
import type { Trained } from '../predict/trained.ts';
import { type DecoderPass, decoderPass } from './decoder-pass.ts';
import { type FeatureGrid, featureGrid } from './feature-grid.ts';
import { type GroupLeak, groupLeak } from './group-leak.ts';
import { type Sampling, samplingOf } from './sampling.ts';

/** One query's attention in a decoder layer. */
export interface LayerAttention {
  /** Self-attention weights over all queries, known ones first, `[H, T]`. */
  readonly self: Float32Array;
  /** Boxes that each query predicts after the layer, `[T, 4]`, cxcywh as fractions of the image in 0..1. */
  readonly boxes: Float32Array;
  /** Anchors of each query at the start of the layer, `[T, 4]`; undefined for models without anchors. */
  readonly anchors: Float32Array | undefined;
}

/** Cross-attention to every cell of a feature map. */
export interface CellAttention {
  readonly kind: 'cells';
  readonly grid: FeatureGrid;
  /** Weights of each layer over the cells, row by row, `[H, N]`. */
  readonly layers: readonly Float32Array[];
}

/** One query's attention in an image. */
export interface ImageAttention {
  readonly image: DatasetImage;
  readonly pixels: RgbImage;
  /** Cross-attention to the image: weights on cells, or the samples of deformable attention. */
  readonly cross: CellAttention | Sampling;
  readonly heads: number;
  /** Index of the matching query, from 0. */
  readonly query: number;
  /** The class that the query predicts after the last layer. */
  readonly label: number;
  readonly score: number;
  /** K, the number of known queries before the matching ones, including padding. */
  readonly known: number;
  readonly layers: readonly LayerAttention[];
  /** Attention of all queries, if known queries were added. */
  readonly groups: KnownAttention | undefined;
}

export interface KnownAttention {
  readonly queries: KnownQueries;
  /** Self-attention of all queries in the last layer, mean over heads, `[T, T]`. */
  readonly last: Float32Array;
  readonly leak: GroupLeak;
}

export interface AttentionOptions {
  /** Index of a matching query, from 0; if undefined, the query with the highest score in each image. */
  readonly query: number | undefined;
  /** Whether to add known queries, as in training. */
  readonly known: boolean;
}

/**
 * Passes the images through the model one by one, as in evaluation.
 *
 * @param framed - The images that determine the canvas, if it depends on images.
 * @throws UserError if there is no such query, or known queries are wanted for a model that is trained without them.
 * @throws DataError if an image cannot be read.
 * @throws CheckpointError if the weights do not fit the model that the checkpoint names.
 */
export async function attentionOf(
  { checkpoint, config, categories, normalization }: Trained,
  images: readonly DatasetImage[],
  options: AttentionOptions,
  framed: readonly DatasetImage[] = images,
): Promise<ImageAttention[]> {
  const model = buildModel(config, categories.length);
  const { queries } = model.detector;
  if (options.query !== undefined && options.query >= queries) {
    throw new UserError(`there is no query ${options.query}: the model has ${queries}, from 0 to ${queries - 1}`);
  }
  if (options.known && !model.denoises) {
    throw new UserError(`${config.model.name} was trained without known queries: leave out --known`);
  }
  const { evaluation } = loadersOf(
    { ...config, batchSize: 1, data: { ...config.data, cacheMiB: 0 } },
    { normalization: normalization ?? model.detector.backbone.normalization },
    framed,
  );
  const { parameters } = loadParameters(checkpoint, model.detector.parameters);
  try {
    const found: ImageAttention[] = [];
    for await (const batch of evaluationBatches(images, evaluation)) {
      const [image] = batch.sources as [DatasetImage];
      // The step selects the random numbers, so each image has different ones.
      const at = { step: images.indexOf(image), micro: 0 };
      const known = options.known ? knownQueriesAt(batch, model, withKnownSlots(config, images), at) : undefined;
      const passed = decoderPass(model, parameters, batch, known);
      found.push({ image, pixels: await image.read(), ...seenFrom(options.query, passed, model, batch, known) });
    }
    return found.sort((a, b) => images.indexOf(a.image) - images.indexOf(b.image));
  } finally {
    dispose(parameters);
  }
}

function seenFrom(
  wanted: number | undefined,
  passed: DecoderPass,
  { detector, objective }: Model,
  batch: EvaluationBatch,
  known: KnownQueries | undefined,
): Omit<ImageAttention, 'image' | 'pixels'> {
  const { heads, cross, self, logits, boxes, anchors } = passed;
  const before = known?.layout.known ?? 0;
  const total = before + detector.queries;
  const last = logits.at(-1) as Float32Array;
  const numLogits = last.length / total;
  const scores = Array.from({ length: detector.queries }, (_, query) => {
    const row = last.subarray((before + query) * numLogits, (before + query + 1) * numLogits);
    return bestClass(row, objective.head === 'softmax');
  });
  const highest = scores.reduce((best, { score }, q) => (score > (scores[best]?.score ?? 0) ? q : best), 0);
  const query = wanted ?? highest;
  const at = before + query;
  const rowsOf = (weights: Float32Array): Float32Array => {
    const keys = weights.length / heads / total;
    const rows = new Float32Array(heads * keys);
    for (let h = 0; h < heads; h++) {
      const from = (h * total + at) * keys;
      rows.set(weights.subarray(from, from + keys), h * keys);
    }
    return rows;
  };
  const view = batch.views[0] as EvaluationBatch['views'][number];
  return {
    cross:
      passed.sampled.length > 0
        ? samplingOf(passed, at, { canvas: batch, image: view, strides: detector.backbone.levels.map((l) => l.stride) })
        : cellsOf(cross.map(rowsOf), heads, batch, view),
    heads,
    query,
    ...(scores[query] as { label: number; score: number }),
    known: before,
    layers: self.map((weights, l) => ({
      self: rowsOf(weights),
      boxes: boxes[l] as Float32Array,
      anchors: anchors?.[l],
    })),
    groups: known && {
      queries: known,
      last: meanOverHeads(self.at(-1) as Float32Array, heads),
      leak: groupLeak(self, heads, known),
    },
  };
}

function cellsOf(layers: Float32Array[], heads: number, canvas: Size, image: Size): CellAttention {
  const cells = (layers[0] as Float32Array).length / heads;
  return { kind: 'cells', grid: featureGrid(canvas, image, cells), layers };
}

/** Mean over the first axis: `[H, …]` to `[…]`. */
export function meanOverHeads(weights: Float32Array, heads: number): Float32Array {
  const size = weights.length / heads;
  return Float32Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let h = 0; h < heads; h++) sum += weights[h * size + i] as number;
    return sum / heads;
  });
}

/** @param softmax - Whether the scores are a softmax, whose last logit means "no object". */
function bestClass(logits: Float32Array, softmax: boolean): { label: number; score: number } {
  const real = softmax ? logits.subarray(0, -1) : logits;
  const label = real.reduce((best, logit, c) => (logit > (real[best] as number) ? c : best), 0);
  const own = real[label] as number;
  const score = softmax ? 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - own), 0) : 1 / (1 + Math.exp(-own));
  return { label, score };
}
