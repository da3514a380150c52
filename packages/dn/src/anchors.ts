import { inverseSigmoid } from '@dn-detr/boxes';
import type { PlacedQueries } from './places.ts';

/**
 * The anchors of known queries, `[B, K, 4]`: their boxes cxcywh before the sigmoid. Padding is 0, as in the reference:
 * after the sigmoid, a box in the middle of the image.
 *
 * @param eps `eps` of the inverse sigmoid; 1e-3 as in DN-DETR
 */
export function knownAnchors({ boxes, valid }: Pick<PlacedQueries, 'boxes' | 'valid'>, eps = 1e-3): Float32Array {
  const anchors = inverseSigmoid(boxes, eps);
  for (let n = 0; n < valid.length; n++) if (valid[n] === 0) anchors.fill(0, 4 * n, 4 * n + 4);
  return anchors;
}
