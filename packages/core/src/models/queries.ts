/** Joins known and matching queries into the T = K + Q rows of a decoder, and splits its outputs by layer. */
import { concat, reshape, type Tensor, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { type AttentionMask, attentionMask } from '../nn/attention-mask.ts';
import type { KnownInputs } from './detector.ts';

/**
 * Puts the rows of known queries before those of matching queries, image by image.
 *
 * @param known `[B*K, d]`; undefined if K = 0
 * @param matching `[B*Q, d]`
 * @returns `[B*T, d]`
 */
export function joinQueries(known: Tensor2D | undefined, matching: Tensor2D, batch: number): Tensor2D {
  if (known === undefined) return matching;
  const width = matching.shape[1];
  const byImage = (x: Tensor2D): Tensor => reshape(x, [batch, x.shape[0] / batch, width]);
  return reshape(concat([byImage(known), byImage(matching)], 1), [-1, width]);
}

/**
 * The mask of the decoder's self-attention: which queries see which others.
 *
 * @throws if a mask was made for another number of queries
 */
export function queryMask(known: KnownInputs | undefined, queries: number, batch: number): AttentionMask | undefined {
  if (known === undefined) return undefined;
  const total = known.labels.shape[1] + queries;
  const { groupMask, keyPadding } = known;
  const expect = (name: string, mask: Tensor | undefined, shape: readonly number[]): void => {
    if (mask === undefined || `${mask.shape}` === `${shape}`) return;
    throw new Error(
      `${name} is [${mask.shape}], expected [${shape.join(',')}] for ${total - queries} known and ${queries} matching queries`,
    );
  };
  expect('groupMask', groupMask, [total, total]);
  expect('keyPadding', keyPadding, [batch, total]);
  return attentionMask({ ...(groupMask && { blocked: groupMask }), ...(keyPadding && { keyPadding }) }, batch);
}

/** Reshapes rows `[L*B*T, W]`, one decoder layer after another, to `[L, B, T, W]`. */
export function byLayer(rows: Tensor2D, layers: number, batch: number): Tensor4D {
  return reshape(rows, [layers, batch, -1, rows.shape[1]]);
}
