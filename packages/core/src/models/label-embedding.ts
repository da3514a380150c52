/**
 * Content of queries from an embedding of labels (DN-DETR, section 4.4): `classes` rows for known queries and one more,
 * "unknown", for matching ones. The last channel is the indicator: 1 for a known query, 0 for a matching one.
 * Source: IDEA-Research/DN-DETR `models/DN_DAB_DETR/dn_components.py`, prepare_for_dn.
 */
import { concat, matMul, type Rank, reshape, slice, sum, type Tensor2D, zeros } from '@tensorflow/tfjs-core';
import { oneHotRows } from '../loss/one-hot.ts';
import { normal, type ParameterDeclaration } from '../nn/init.ts';
import type { ParameterGroup } from '../nn/parameters.ts';

/** Declares the table `name` `[classes + 1, width - 1]`; `[classes + 1, width]` without the indicator. */
export function declareLabelEmbedding(
  name: string,
  {
    classes,
    width,
    indicator,
    group,
  }: {
    readonly classes: number;
    readonly width: number;
    readonly indicator: boolean;
    readonly group: ParameterGroup;
  },
): ParameterDeclaration {
  return { name, shape: [classes + 1, indicator ? width - 1 : width], group, init: normal(1) };
}

/**
 * Content of known queries; all zeros, the indicator too, where a query is padding.
 *
 * A product with one-hot rows, because its gradient is a product too, where that of a gather adds up row by row.
 *
 * @param table `[classes + 1, width - 1 or width]`
 * @param labels int32 `[B, K]`; -1 is padding
 * @returns `[B*K, width]`
 */
export function knownContent(table: Tensor2D, labels: Tensor2D, indicator: boolean): Tensor2D {
  const rows = oneHotRows(reshape(labels, [labels.size]), table.shape[0], 1, 0);
  const embedded = matMul<Tensor2D>(rows, table);
  return indicator ? concat([embedded, sum<Tensor2D>(rows, 1, true)], 1) : embedded;
}

/**
 * Content of a matching query.
 *
 * @param table `[classes + 1, width - 1 or width]`
 * @returns `[1, width]`
 */
export function unknownContent(table: Tensor2D, indicator: boolean): Tensor2D {
  const [rows, width] = table.shape;
  const unknown = slice(table, [rows - 1, 0], [1, width]);
  return indicator ? concat([unknown, zeros<Rank.R2>([1, 1])], 1) : unknown;
}
