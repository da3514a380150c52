/** Known queries of a batch of two images, in two groups of three slots. */
import type { KnownInputs } from '@dn-detr/core';
import * as tf from '@tensorflow/tfjs-core';

export const batch = 2;
export const [groups, slots] = [2, 3];
/** Numbers of known queries, matching queries, and all queries. */
export const [K, Q, T] = [6, 4, 10];

/**
 * Makes the inputs: the first image has 3 objects, the second one; groups cannot see each other, and padding is hidden.
 *
 * @param change number added to a label, or to the four numbers of an anchor, by its index among all B·K
 */
export function groupedKnownInputs(change: (kind: 'label' | 'anchor', place: number) => number = () => 0): KnownInputs {
  const real = (place: number): boolean => place % K < K && (place < K || place % slots === 0);
  const labels = Int32Array.from({ length: batch * K }, (_, i) => (real(i) ? (i + change('label', i)) % 3 : -1));
  const anchors = Float32Array.from({ length: batch * K * 4 }, (_, i) => {
    const place = Math.floor(i / 4);
    return real(place) ? Math.sin(i) + change('anchor', place) : change('anchor', place);
  });
  const blocked = Float32Array.from({ length: T ** 2 }, (_, i) => {
    const [row, column] = [Math.floor(i / T), i % T];
    if (column >= K) return 0;
    return row >= K || Math.floor(row / slots) !== Math.floor(column / slots) ? 1 : 0;
  });
  const padding = Float32Array.from({ length: batch * T }, (_, i) => {
    const [image, query] = [Math.floor(i / T), i % T];
    return query < K && !real(image * K + query) ? 1 : 0;
  });
  return {
    labels: tf.tensor2d(labels, [batch, K], 'int32'),
    anchors: tf.tensor3d(anchors, [batch, K, 4]),
    groupMask: tf.tensor2d(blocked, [T, T]),
    keyPadding: tf.tensor2d(padding, [batch, T]),
  };
}
