/** Decides which of a picture's detections are correct, so that they can be drawn differently. */
import { iouAt } from '@dn-detr/boxes';
import type { ComparedSample, SampleDetection } from '../summary/summary.ts';

/** Smallest IoU at which a detection finds an object, as in AP50. */
export const leastOverlap = 0.5;

/**
 * For each detection, in descending order of scores, whether it finds an object. It finds the object of its class that it
 * overlaps most, out of those that no detection with a higher score has found.
 */
export function findsObject(objects: ComparedSample['objects'], detections: readonly SampleDetection[]): boolean[] {
  const [theirs, ours] = [corners(objects), corners(detections)];
  const taken = new Set<number>();
  return detections.map(({ label }, n) => {
    const open = objects
      .map((object, m) => ({ m, sameClass: object.label === label, overlap: iouAt(ours, 4 * n, theirs, 4 * m, 0) }))
      .filter(({ m, sameClass, overlap }) => sameClass && overlap >= leastOverlap && !taken.has(m))
      .sort((a, b) => b.overlap - a.overlap);
    if (open[0] !== undefined) taken.add(open[0].m);
    return open.length > 0;
  });
}

/** Corners of the boxes, `[N, 4]`, xyxy. */
const corners = (boxes: readonly { readonly bbox: readonly number[] }[]): Float32Array =>
  Float32Array.from(
    boxes.flatMap(({ bbox }) => {
      const [x, y, width, height] = bbox as [number, number, number, number];
      return [x, y, x + width, y + height];
    }),
  );
