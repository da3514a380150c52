import { describe, expect, it } from 'vitest';
import type { DatasetImage } from '../dataset.ts';
import { shapesDataset } from '../shapes/shapes.ts';
import { ImageCache } from './cache.ts';

/** Ten images of 768 bytes that count how often they are read. */
function countedImages() {
  const reads: number[] = [];
  const images = shapesDataset({ train: 10, val: 0, size: 16, plain: true }).train.map((image, n): DatasetImage => {
    reads[n] = 0;
    return {
      ...image,
      read: () => {
        reads[n] = (reads[n] ?? 0) + 1;
        return image.read();
      },
    };
  });
  return { images, reads };
}

describe('ImageCache', () => {
  it('keeps as many images as fit, and reads the others again', async () => {
    const { images, reads } = countedImages();
    const cache = new ImageCache(4.5 * 768);
    for (let epoch = 0; epoch < 3; epoch++) {
      for (const image of images) {
        expect((await cache.read(image)).data).toEqual((await image.read()).data);
        expect(cache.bytes).toBeLessThanOrEqual(4.5 * 768);
      }
    }
    // The comparison above reads each image three times.
    expect(reads.map((count) => count - 3)).toEqual([1, 1, 1, 1, 3, 3, 3, 3, 3, 3]);
    expect(cache.bytes).toBe(4 * 768);
  });

  it('reads an image once when it is requested twice at the same time', async () => {
    const { images, reads } = countedImages();
    const cache = new ImageCache(1e6);
    const [a, b] = await Promise.all([cache.read(images[0] as DatasetImage), cache.read(images[0] as DatasetImage)]);
    expect(a).toBe(b);
    expect(reads[0]).toBe(1);
  });

  it('keeps nothing without a budget, and no failed reads', async () => {
    const { images, reads } = countedImages();
    const none = new ImageCache(0);
    for (let i = 0; i < 2; i++) await none.read(images[0] as DatasetImage);
    expect([reads[0], none.bytes]).toEqual([2, 0]);

    const cache = new ImageCache(1e6);
    let failures = 1;
    const image = images[1] as DatasetImage;
    const flaky = { ...image, read: () => (failures-- > 0 ? Promise.reject(new Error('gone')) : image.read()) };
    await expect(cache.read(flaky)).rejects.toThrow('gone');
    expect(cache.bytes).toBe(0);
    expect((await cache.read(flaky)).width).toBe(16);
    expect(() => new ImageCache(-1)).toThrow('the budget of the cache is -1: expected a number in 0..');
  });
});
