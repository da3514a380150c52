/** Images of which nothing but the number of their objects matters. */
import type { DatasetImage } from '@dn-detr/data';

/** With so many objects, crowds, and boxes outside of it. */
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
