/** The targets of known queries, as dense loss targets: a class, a box and weights for every query. */
import type { DenseTargets, Objects } from '@dn-detr/boxes';

/** The object that each known query comes from; see `PlacedQueries`. */
export interface KnownAssignment {
  readonly numClasses: number;
  /** Index of the object among the image's targets, `[B, K]`; −1 at padding. */
  readonly objects: Int32Array;
  /** 1 for contrastive negatives, `[B, K]`. */
  readonly negative: Uint8Array;
}

/**
 * Makes the targets of known queries. A real query restores its object; a contrastive negative restores "no object" and
 * has no box; padding has no weight, or with `paddingAsBackground` restores "no object" as in DINO, unless the batch is
 * all padding. `normalizer` is the number of real queries in the batch that restore an object.
 *
 * Sources: `tgt_loss_labels` and `tgt_loss_boxes` in `models/DN_DAB_DETR/dn_components.py`; `SetCriterion` in
 * `models/dino/dino.py`.
 */
export function knownTargets(
  { numClasses, objects, negative }: KnownAssignment,
  targets: readonly Objects[],
  { paddingAsBackground = false }: { readonly paddingAsBackground?: boolean } = {},
): DenseTargets {
  const count = objects.length;
  const known = targets.length === 0 ? 0 : count / targets.length;
  const classes = new Int32Array(count).fill(numClasses);
  const boxes = new Float32Array(4 * count);
  const classWeights = new Float32Array(count).fill(paddingAsBackground ? 1 : 0);
  const boxWeights = new Float32Array(count);
  let normalizer = 0;
  targets.forEach(({ labels, boxes: from }, image) => {
    for (let at = image * known; at < (image + 1) * known; at++) {
      const object = objects[at] as number;
      if (object < 0) continue;
      classWeights[at] = 1;
      if (negative[at] === 1) continue;
      classes[at] = labels[object] as number;
      for (let i = 0; i < 4; i++) boxes[4 * at + i] = from[4 * object + i] as number;
      boxWeights[at] = 1;
      normalizer++;
    }
  });
  // A batch of padding has nothing to learn from, and nothing to divide its loss by.
  if (normalizer === 0) classWeights.fill(0);
  return { classes, boxes, classWeights, boxWeights, normalizer };
}
