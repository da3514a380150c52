/** Which of a picture's detections are right, to draw them apart. */
import { iouAt } from '@dn-detr/boxes';
import type { ComparedSample, SampleDetection } from '../summary/summary.ts';

/** IoU from which a detection has an object, as AP50 has it. */
export const leastOverlap = 0.5;

/**
 * Of each detection, the surest first, whether it finds an object: the one of its class that it overlaps most, of those
 * that no surer one has found.
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

/** `[N, 4]`, xyxy */
const corners = (boxes: readonly { readonly bbox: readonly number[] }[]): Float32Array =>
  Float32Array.from(
    boxes.flatMap(({ bbox }) => {
      const [x, y, width, height] = bbox as [number, number, number, number];
      return [x, y, x + width, y + height];
    }),
  );
