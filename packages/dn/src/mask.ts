/**
 * Attention masks over known and matching queries, in PyTorch's convention: 1 = blocked. There are two, and attention
 * blocks whatever either of them blocks: one that is the same for every image, and each image's padding. DN-DETR,
 * section 4.3.
 */
import { DnError } from './error.ts';
import type { GroupLayout } from './groups.ts';

/**
 * What the mask isolates: `groups` from each other and from the matching queries (the papers' mask); all `known`
 * queries from the matching ones only; or `nothing`, so that the ground truth leaks. The last two are for ablations.
 */
export type Isolation = 'groups' | 'known' | 'nothing';

export const isolations: readonly Isolation[] = ['groups', 'known', 'nothing'];

type MaskLayout = Pick<GroupLayout, 'groupSize' | 'known' | 'total'>;

const cacheSize = 16;
const cache = new Map<string, Uint8Array>();

/**
 * The mask `[T, T]` that all images share: query i (row) may not see query j (column) if j is a known query, and i is a
 * matching query or belongs to another group. Known queries see all matching ones.
 *
 * The most recent layouts are cached, and the same layout gives the same array: do not write into it.
 */
export function groupMask({ groupSize, known, total }: MaskLayout, isolate: Isolation = 'groups'): Uint8Array {
  const key = `${groupSize} ${known} ${total} ${isolate}`;
  const mask = cache.get(key) ?? makeGroupMask({ groupSize, known, total }, isolate);
  // A Map lists its keys in order of insertion: move the key just used to the end, and drop the one at the front.
  cache.delete(key);
  cache.set(key, mask);
  if (cache.size > cacheSize) cache.delete(cache.keys().next().value as string);
  return mask;
}

function makeGroupMask({ groupSize, known, total }: MaskLayout, isolate: Isolation): Uint8Array {
  const mask = new Uint8Array(total * total);
  if (isolate === 'nothing') return mask;
  for (let i = 0; i < total; i++) {
    const row = mask.subarray(i * total, (i + 1) * total);
    if (i >= known) row.fill(1, 0, known);
    else if (isolate === 'groups') {
      const group = i - (i % groupSize);
      row.fill(1, 0, group).fill(1, group + groupSize, known);
    }
  }
  return mask;
}

/**
 * The padding mask `[B, T]`: 1 for known queries without an object, which no query may see. Their own rows still see
 * the matching queries, of which there is at least one, so no row of a softmax is blocked completely.
 *
 * @param valid `[B, K]`, 1 for real known queries
 */
export function keyPadding({ batch, known, total }: GroupLayout, valid: Uint8Array): Uint8Array {
  const padding = new Uint8Array(batch * total);
  for (let b = 0; b < batch; b++) {
    for (let k = 0; k < known; k++) padding[b * total + k] = valid[b * known + k] === 1 ? 0 : 1;
  }
  return padding;
}

/** The two attention masks of a batch, and the layout that they are for. */
export interface QueryMasks {
  readonly layout: GroupLayout;
  /** `[T, T]`, for all images. It is shared between batches: do not write into it. */
  readonly groupMask: Uint8Array;
  /** `[B, T]`; undefined if padding is visible, as in the reference. */
  readonly keyPadding: Uint8Array | undefined;
}

/**
 * Everything that is blocked in one image, `[T, T]`, for attention that takes a single mask.
 *
 * @throws DnError if the batch does not contain the image
 */
export function imageMask(masks: QueryMasks, image: number): Uint8Array {
  const { batch, total } = masks.layout;
  if (!Number.isInteger(image) || image < 0 || image >= batch) {
    throw new DnError(`there is no image ${image} in a batch of ${batch}`);
  }
  const mask = masks.groupMask.slice();
  const padding = masks.keyPadding?.subarray(image * total, (image + 1) * total);
  padding?.forEach((padded, j) => {
    if (padded === 0) return;
    for (let i = 0; i < total; i++) mask[i * total + j] = 1;
  });
  return mask;
}
