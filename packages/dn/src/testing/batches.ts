/** Batches of targets and options for property tests. */
import fc from 'fast-check';
import type { DenoisingOptions, QueryModel } from '../options.ts';

export const numClasses = 7;

export interface TestTargets {
  labels: Int32Array;
  boxes: Float32Array;
}

/** A box from four numbers in 0..1, entirely inside the image and at least 0.02 wide and high. */
const boxOf = ([u, v, s, t]: [number, number, number, number]): number[] => {
  const [w, h] = [0.02 + 0.96 * s, 0.02 + 0.96 * t];
  return [w / 2 + (1 - w) * u, h / 2 + (1 - h) * v, w, h];
};

const fraction = fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000);
const object = fc.tuple(
  fc.integer({ min: 0, max: numClasses - 1 }),
  fc.tuple(fraction, fraction, fraction, fraction).map(boxOf),
);

const image = fc.array(object, { maxLength: 6 }).map(
  (objects): TestTargets => ({
    labels: Int32Array.from(objects, ([label]) => label),
    boxes: Float32Array.from(objects.flatMap(([, box]) => box)),
  }),
);

/** One to four images with zero to six objects each. */
export const batches = fc.array(image, { minLength: 1, maxLength: 4 });

export const models: fc.Arbitrary<QueryModel> = fc.record({
  numClasses: fc.constant(numClasses),
  matchingQueries: fc.integer({ min: 1, max: 5 }),
});

/** Both kinds, with all options that affect the layout; the noise is that of the papers. */
export const layouts: fc.Arbitrary<DenoisingOptions> = fc.record({
  kind: fc.constantFrom('dn', 'contrastive'),
  groups: fc.integer({ min: 1, max: 4 }),
  slotBucket: fc.integer({ min: 1, max: 5 }),
  maxKnownQueries: fc.oneof(fc.constant(0), fc.integer({ min: 2, max: 30 })),
});

/** `count` objects of class 2, spread over an image. */
export function manyObjects(count: number): TestTargets {
  const boxes = Array.from({ length: count }, (_, i) => boxOf([i / count, (i % 7) / 7, 0.1, 0.2]));
  return { labels: new Int32Array(count).fill(2), boxes: Float32Array.from(boxes.flat()) };
}
