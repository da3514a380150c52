/** Images for tests in which only the number of objects matters. */
import type { DatasetImage } from '@dn-detr/data';

/** An image with this many objects, crowds, and boxes outside the image. */
export function crowdedImage(objects: number, crowds = 0, outside = 0): DatasetImage {
  const count = objects + crowds + outside;
  const box = (n: number) => (n < objects + crowds ? [1, 1, 5, 5] : [40, 1, 5, 5]);
  return {
    id: 1,
    name: 'image',
    width: 32,
    height: 32,
    objects: {
      labels: new Int32Array(count),
      boxes: Float64Array.from(Array.from({ length: count }, (_, n) => box(n)).flat()),
      areas: new Float64Array(count).fill(25),
      crowd: Uint8Array.from({ length: count }, (_, n) => (n >= objects && n < objects + crowds ? 1 : 0)),
    },
    read: () => Promise.reject(new Error('no pixels are needed')),
  };
}
