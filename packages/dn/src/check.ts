/** Looks at targets before they become queries: a wrong format is named here, not in a loss that turned NaN. */
import { DnError } from './error.ts';
import type { SkipReason } from './options.ts';

/** The G objects of one image. */
export interface ObjectTargets {
  /** class indices `[G]`, 0..numClasses−1 */
  readonly labels: ArrayLike<number>;
  /** cxcywh `[G, 4]` in 0..1 of the image */
  readonly boxes: ArrayLike<number>;
  /** `[G]`, 1 where a box stands for a crowd (COCO's `iscrowd`) */
  readonly crowd?: ArrayLike<number>;
}

export interface UsableObjects {
  /** of each image, the indices of the objects to use, ascending */
  readonly indices: readonly Int32Array[];
  /** how many were left out, and why */
  readonly skipped: Readonly<Record<SkipReason, number>>;
}

/** How far a corner may lie outside the image. */
const tolerance = 1e-3;

/**
 * Checks every object of a batch and leaves out those to skip.
 *
 * @throws DnError, naming image and object, if labels or boxes are missing, lengths do not fit, a label is no class, or a
 *   box is not finite, has no extent in float32, or has a corner outside the image by more than 1e-3
 */
export function usableObjects(
  targets: readonly ObjectTargets[],
  { numClasses, skip }: { readonly numClasses: number; readonly skip: readonly SkipReason[] },
): UsableObjects {
  const skipped = { crowd: 0, degenerate: 0 };
  const skipCrowd = skip.includes('crowd');
  const skipDegenerate = skip.includes('degenerate');
  const indices = targets.map((target, image) => {
    checkLengths(target, image);
    const { labels, boxes, crowd } = target;
    const kept = new Int32Array(labels.length);
    let count = 0;
    for (let object = 0; object < labels.length; object++) {
      if (skipCrowd && crowd?.[object]) {
        skipped.crowd++;
        continue;
      }
      checkLabel(labels[object] as number, numClasses, image, object);
      const problem = boxProblem(boxes, 4 * object);
      if (problem === 'degenerate' && skipDegenerate) {
        skipped.degenerate++;
        continue;
      }
      if (problem !== undefined) throw boxError(boxes, problem, image, object);
      kept[count++] = object;
    }
    return kept.subarray(0, count);
  });
  return { indices, skipped };
}

function checkLengths(target: ObjectTargets, image: number): void {
  const { labels, boxes, crowd } = target ?? {};
  if (labels == null || boxes == null) {
    const missing = labels == null ? 'labels' : 'boxes';
    throw new DnError(`${missing} are missing: expected labels and boxes, empty without objects`, { image });
  }
  const count = labels.length;
  if (boxes.length !== 4 * count) {
    const expected = `expected ${4 * count}, four for each label (cx, cy, w, h)`;
    throw new DnError(`${count} labels, but ${boxes.length} box numbers: ${expected}`, { image });
  }
  if (crowd !== undefined && crowd.length !== count) {
    throw new DnError(`${count} labels, but ${crowd.length} crowd marks: expected one for each label`, { image });
  }
}

function checkLabel(label: number, numClasses: number, image: number, object: number): void {
  if (Number.isInteger(label) && label >= 0 && label < numClasses) return;
  const hint = label >= numClasses ? '; are these category ids that still have to be mapped to 0, 1, 2, …?' : '';
  throw new DnError(`label ${label} is no class: expected a whole number in 0..${numClasses - 1}${hint}`, {
    image,
    object,
  });
}

type BoxProblem = 'not finite' | 'degenerate' | 'outside';

function boxProblem(boxes: ArrayLike<number>, at: number): BoxProblem | undefined {
  const cx = boxes[at] as number;
  const cy = boxes[at + 1] as number;
  const w = boxes[at + 2] as number;
  const h = boxes[at + 3] as number;
  // One sum sees a NaN or infinity among the four.
  if (!Number.isFinite(cx + cy + w + h)) return 'not finite';
  // Queries are float32, where the tiniest sides are 0.
  if (Math.fround(w) <= 0 || Math.fround(h) <= 0) return 'degenerate';
  const least = Math.min(cx - w / 2, cy - h / 2);
  const most = Math.max(cx + w / 2, cy + h / 2);
  return least < -tolerance || most > 1 + tolerance ? 'outside' : undefined;
}

function boxError(boxes: ArrayLike<number>, problem: BoxProblem, image: number, object: number): DnError {
  const box = Array.from({ length: 4 }, (_, i) => boxes[4 * object + i] as number);
  const text = `box [${box.map((value) => +value.toPrecision(6)).join(', ')}]`;
  const reason = {
    'not finite': 'has a number that is not finite: expected cx, cy, w, h in 0..1',
    degenerate: `has no extent in float32: expected w > 0 and h > 0 (skip: ['degenerate'] leaves such boxes out)`,
    outside: `reaches outside the image: expected cx, cy, w, h in 0..1 with corners in 0..1${likelyMistake(box)}`,
  };
  return new DnError(`${text} ${reason[problem]}`, { image, object });
}

/** Which other format would explain a box that lies outside the image. */
function likelyMistake(box: readonly number[]): string {
  const [a, b, c, d] = box as [number, number, number, number];
  const inside = (value: number) => value >= -tolerance && value <= 1 + tolerance;
  if (Math.max(...box) > 2)
    return '; these look like pixels (toNormalized of @dn-detr/boxes divides by the image size)';
  if (!box.every(inside)) return '';
  const guesses = [
    ...(c > a && d > b ? ['xyxy (xyxyToCxcywh of @dn-detr/boxes converts)'] : []),
    ...(inside(a + c) && inside(b + d) ? ['left, top, width, height'] : []),
  ];
  return guesses.length === 0 ? '' : `; it would fit as ${guesses.join(' or as ')}`;
}
