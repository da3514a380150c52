import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatasetImage } from './dataset.ts';
import { trainingObjects } from './training-objects.ts';

function image(objects: { label?: number; box: number[]; crowd?: number }[], width = 100, height = 50): DatasetImage {
  return {
    id: 1,
    name: 'image',
    width,
    height,
    objects: {
      labels: Int32Array.from(objects, ({ label }) => label ?? 0),
      boxes: Float64Array.from(objects.flatMap(({ box }) => box)),
      areas: Float64Array.from(objects, ({ box }) => (box[2] as number) * (box[3] as number)),
      crowd: Uint8Array.from(objects, ({ crowd }) => crowd ?? 0),
    },
    read: () => Promise.reject(new Error('not drawn')),
  };
}

describe('trainingObjects', () => {
  it('keeps boxes inside the image unchanged', () => {
    const result = trainingObjects(image([{ label: 3, box: [0.1, 0.2, 99.9, 49.8] }, { box: [10, 10, 1e-3, 5] }]));
    expect([...result.labels]).toEqual([3, 0]);
    expect([...result.boxes]).toEqual([0.1, 0.2, 99.9, 49.8, 10, 10, 1e-3, 5]);
    expect(result).toMatchObject({ dropped: { crowd: 0, empty: 0 }, clipped: 0 });
  });

  it('drops crowds and boxes without an area, and counts them', () => {
    const result = trainingObjects(
      image([
        { box: [10, 10, 20, 20], crowd: 1 },
        { box: [10, 10, 0, 20] },
        { box: [10, 10, 20, 0] },
        { box: [10, 10, -5, 20] },
        { box: [10, 10, -5, -5] },
        { box: [200, 10, 20, 20] },
        { box: [Number.NaN, 10, 20, 20] },
        { label: 2, box: [1, 2, 3, 4] },
      ]),
    );
    expect([...result.labels]).toEqual([2]);
    expect([...result.boxes]).toEqual([1, 2, 3, 4]);
    expect(result.dropped).toEqual({ crowd: 1, empty: 6 });
  });

  it('clips at the border, and does not count rounding', () => {
    const result = trainingObjects(image([{ box: [-10, -5, 50, 100] }, { box: [50, 10, 50.05, 10] }]));
    expect([...result.boxes]).toEqual([0, 0, 40, 50, 50, 10, 50, 10]);
    expect(result.clipped).toBe(1);
  });

  it('returns boxes with an area inside the image, and accounts for every object', () => {
    const number = fc.double({ min: -200, max: 200 });
    const object = fc.record({
      label: fc.nat(9),
      box: fc.tuple(number, number, number, number),
      crowd: fc.constantFrom(0, 1),
    });
    fc.assert(
      fc.property(fc.array(object), (objects) => {
        const { labels, boxes, dropped, clipped } = trainingObjects(image(objects));
        expect(labels.length + dropped.crowd + dropped.empty).toBe(objects.length);
        expect(boxes.length).toBe(4 * labels.length);
        expect(clipped).toBeLessThanOrEqual(labels.length);
        for (let n = 0; n < labels.length; n++) {
          const [x, y, width, height] = boxes.subarray(4 * n, 4 * n + 4) as unknown as number[];
          expect(x).toBeGreaterThanOrEqual(0);
          expect(y).toBeGreaterThanOrEqual(0);
          expect(width).toBeGreaterThan(0);
          expect(height).toBeGreaterThan(0);
          expect((x as number) + (width as number)).toBeLessThanOrEqual(100 + 1e-12);
          expect((y as number) + (height as number)).toBeLessThanOrEqual(50 + 1e-12);
        }
      }),
    );
  });
});
