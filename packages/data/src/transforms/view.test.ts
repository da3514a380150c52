import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxesInImage, objectsInView, type View, wholeView } from './view.ts';

const image = { width: 300, height: 200 };

const views: fc.Arbitrary<View> = fc
  .record({
    x: fc.nat(150),
    y: fc.nat(100),
    width: fc.integer({ min: 1, max: 150 }),
    height: fc.integer({ min: 1, max: 100 }),
    view: fc.record({ width: fc.integer({ min: 1, max: 999 }), height: fc.integer({ min: 1, max: 999 }) }),
    flip: fc.boolean(),
  })
  .map(({ view, flip, ...source }) => ({ source, ...view, flip }));

const unit = fc.double({ min: 0, max: 1, noNaN: true });

/** Boxes anywhere in the image. */
const boxes = fc
  .array(fc.tuple(unit, unit, unit, unit), { minLength: 1, maxLength: 6 })
  .map((list) =>
    Float64Array.from(
      list.flatMap(([x, y, w, h]) => [
        0.9 * x * image.width,
        0.9 * y * image.height,
        (0.01 + 0.09 * w) * image.width,
        (0.01 + 0.09 * h) * image.height,
      ]),
    ),
  );

const labelsOf = (values: Float64Array) => Int32Array.from({ length: values.length / 4 }, (_, n) => n);
const expectClose = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) => {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs((actual[i] as number) - (expected[i] as number))).toBeLessThan(tolerance);
  }
};

describe('objectsInView', () => {
  it('is inverted by boxesInImage', () => {
    fc.assert(
      fc.property(boxes, views, fc.boolean(), (values, { width, height }, flip) => {
        const view = { ...wholeView(image, { width, height }), flip };
        const objects = objectsInView({ labels: labelsOf(values), boxes: values }, view);
        expect([...objects.labels]).toEqual([...labelsOf(values)]);
        expectClose(boxesInImage(objects.boxes, view), values, 1e-4);
      }),
    );
  });

  it('clips to the visible piece, and leaves out objects outside', () => {
    fc.assert(
      fc.property(boxes, views, (values, view) => {
        const { source } = view;
        const objects = objectsInView({ labels: labelsOf(values), boxes: values }, view);
        const back = boxesInImage(objects.boxes, view);
        let kept = 0;
        for (let n = 0; n < values.length / 4; n++) {
          const [x, y, w, h] = values.subarray(4 * n, 4 * n + 4) as unknown as [number, number, number, number];
          const left = Math.max(x, source.x);
          const top = Math.max(y, source.y);
          const right = Math.min(x + w, source.x + source.width);
          const bottom = Math.min(y + h, source.y + source.height);
          if (right - left < 1e-6 || bottom - top < 1e-6) continue;
          expect(objects.labels[kept]).toBe(n);
          expectClose(back.subarray(4 * kept, 4 * kept + 4), [left, top, right - left, bottom - top], 1e-4);
          kept++;
        }
        expect(objects.labels.length).toBe(kept);
      }),
    );
  });

  it('scales areas as the view does, and keeps boxes inside it', () => {
    fc.assert(
      fc.property(boxes, views, (values, view) => {
        const { boxes: seen } = objectsInView({ labels: labelsOf(values), boxes: values }, view);
        const back = boxesInImage(seen, view);
        const ratio = (view.width * view.height) / (view.source.width * view.source.height);
        for (let i = 0; i < seen.length; i += 4) {
          const [cx, cy, w, h] = seen.subarray(i, i + 4) as unknown as [number, number, number, number];
          const area = w * view.width * h * view.height;
          expect(area / ((back[i + 2] as number) * (back[i + 3] as number))).toBeCloseTo(ratio, 6);
          expect(Math.min(cx - w / 2, cy - h / 2)).toBeGreaterThan(-1e-6);
          expect(Math.max(cx + w / 2, cy + h / 2)).toBeLessThan(1 + 1e-6);
        }
      }),
    );
  });

  it('mirrors', () => {
    const objects = { labels: Int32Array.of(4), boxes: Float64Array.of(30, 40, 60, 20) };
    const view = wholeView(image);
    expectClose(objectsInView(objects, view).boxes, [0.2, 0.25, 0.2, 0.1], 1e-6);
    expectClose(objectsInView(objects, { ...view, flip: true }).boxes, [0.8, 0.25, 0.2, 0.1], 1e-6);
  });

  it('drops a box that touches the view from outside, even if rounding leaves a sliver of it', () => {
    const view = { source: { x: 100, y: 0, width: 50, height: 50 }, width: 50, height: 50, flip: false };
    const objects = { labels: Int32Array.of(0), boxes: Float64Array.of(90.1, 10, 9.9 + 1e-13, 10) };
    expect(objectsInView(objects, view)).toEqual({ labels: new Int32Array(0), boxes: new Float32Array(0) });
  });
});
