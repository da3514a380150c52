/**
 * Content of queries from a label embedding (DN-DETR, section 4.4): `classes` rows for known queries and one more,
 * "unknown", for matching ones. The last channel is the indicator: 1 for a known query, 0 for a matching one. Source:
 * IDEA-Research/DN-DETR `models/DN_DAB_DETR/dn_components.py`, prepare_for_dn.
 */
import { concat, matMul, type Rank, reshape, slice, sum, type Tensor2D, zeros } from '@tensorflow/tfjs-core';
import { oneHotRows } from '../loss/one-hot.ts';
import { embedding } from '../nn/embedding.ts';
import type { Module } from '../nn/module.ts';
import type { NamedTensors } from '../nn/named.ts';
import type { ParameterGroup } from '../nn/parameters.ts';

/** Sizes of a label embedding. */
export interface LabelEmbeddingOptions {
  /** Number of real classes. */
  readonly numClasses: number;
  readonly width: number;
  /** Whether the last channel marks known queries. */
  readonly indicator: boolean;
  readonly group: ParameterGroup;
}

/**
 * A module from labels, int32 `[B, K]`, to the content of known queries, `[B*K, width]`. A padded query, whose label is
 * -1, has content zero, including its indicator.
 */
export interface LabelEmbedding extends Module<Tensor2D, Tensor2D> {
  /** The content of a matching query, `[1, width]`. */
  unknown(tensors: NamedTensors): Tensor2D;
}

/**
 * Builds a label embedding.
 *
 * @param name the parameter is `name.weight` `[classes + 1, width - 1]`, or `[classes + 1, width]` without the
 *   indicator
 */
export function labelEmbedding(
  name: string,
  { numClasses, width, indicator, group }: LabelEmbeddingOptions,
): LabelEmbedding {
  const table = embedding(name, { rows: numClasses + 1, width: indicator ? width - 1 : width, group });
  return {
    parameters: table.parameters,
    apply: (tensors, labels) => knownContent(table.apply(tensors), labels, indicator),
    unknown: (tensors) => unknownContent(table.apply(tensors), indicator),
  };
}

/** A product with one-hot rows. Its gradient is a product too, whereas that of a gather adds up row by row. */
function knownContent(table: Tensor2D, labels: Tensor2D, indicator: boolean): Tensor2D {
  const rows = oneHotRows(reshape(labels, [labels.size]), table.shape[0], 1, 0);
  const embedded = matMul<Tensor2D>(rows, table);
  return indicator ? concat([embedded, sum<Tensor2D>(rows, 1, true)], 1) : embedded;
}

function unknownContent(table: Tensor2D, indicator: boolean): Tensor2D {
  const [rows, width] = table.shape;
  const unknown = slice(table, [rows - 1, 0], [1, width]);
  return indicator ? concat([unknown, zeros<Rank.R2>([1, 1])], 1) : unknown;
}
