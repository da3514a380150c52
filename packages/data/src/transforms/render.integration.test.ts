import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../dataset.ts';
import { renderView } from './render.ts';
import { objectsInView, type View, wholeView } from './view.ts';

const [width, height] = [60, 40];
const box = { x: 20, y: 14, width: 12, height: 9 };

/** A dark image with one bright rectangle. */
function scene(): RgbImage {
  const data = new Uint8Array(3 * width * height).fill(20);
  for (let y = box.y; y < box.y + box.height; y++) {
    data.fill(220, 3 * (y * width + box.x), 3 * (y * width + box.x + box.width));
  }
  return { width, height, data };
}

/** The centre of the bright part, the numbers of its columns and rows, and its area. */
function found(pixels: Uint8Array, view: View) {
  const columns = new Float64Array(view.width);
  const rows = new Float64Array(view.height);
  for (let y = 0; y < view.height; y++) {
    for (let x = 0; x < view.width; x++) {
      const part = ((pixels[3 * (y * view.width + x)] as number) - 20) / 200;
      columns[x] = (columns[x] as number) + part;
      rows[y] = (rows[y] as number) + part;
    }
  }
  const sum = columns.reduce((total, value) => total + value, 0);
  const centre = (parts: Float64Array) => parts.reduce((total, value, i) => total + value * (i + 0.5), 0) / sum;
  const bright = (parts: Float64Array) => parts.filter((value) => value >= Math.max(...parts) / 2).length;
  return { cx: centre(columns), cy: centre(rows), w: bright(columns), h: bright(rows), area: sum };
}

const views: fc.Arbitrary<View> = fc
  .record({
    x: fc.nat(14),
    y: fc.nat(8),
    right: fc.integer({ min: 38, max: width }),
    bottom: fc.integer({ min: 29, max: height }),
    scale: fc.double({ min: 0.4, max: 4, noNaN: true }),
    aspect: fc.double({ min: 0.8, max: 1.25, noNaN: true }),
    flip: fc.boolean(),
  })
  .map(({ x, y, right, bottom, scale, aspect, flip }) => ({
    source: { x, y, width: right - x, height: bottom - y },
    width: Math.round(scale * (right - x)),
    height: Math.round(scale * aspect * (bottom - y)),
    flip,
  }));

describe('renderView', () => {
  it('moves pixels exactly where their box goes', async () => {
    const objects = { labels: Int32Array.of(0), boxes: Float64Array.of(box.x, box.y, box.width, box.height) };
    await fc.assert(
      fc.asyncProperty(views, async (view) => {
        const [cx, cy, w, h] = objectsInView(objects, view).boxes as unknown as [number, number, number, number];
        const seen = found(await renderView(scene(), view), view);
        expect(Math.abs(seen.cx - cx * view.width)).toBeLessThan(0.15);
        expect(Math.abs(seen.cy - cy * view.height)).toBeLessThan(0.15);
        expect(Math.abs(seen.w - w * view.width)).toBeLessThan(1.2);
        expect(Math.abs(seen.h - h * view.height)).toBeLessThan(1.2);
        expect(seen.area / (w * view.width * h * view.height)).toBeCloseTo(1, 0.7);
      }),
    );
  });

  it('keeps an even image even, up to its edges', async () => {
    const even = { width, height, data: new Uint8Array(3 * width * height).fill(137) };
    await fc.assert(
      fc.asyncProperty(views, async (view) => {
        const pixels = await renderView(even, view);
        expect(pixels.length).toBe(3 * view.width * view.height);
        expect(pixels.every((value) => value === 137)).toBe(true);
      }),
    );
  });

  it('enlarges bilinearly', async () => {
    const data = Uint8Array.from([0, 0, 0, 100, 50, 200]);
    const pixels = await renderView(
      { width: 2, height: 1, data },
      wholeView({ width: 2, height: 1 }, { width: 4, height: 1 }),
    );
    const expected = [0, 0, 0, 25, 12.5, 50, 75, 37.5, 150, 100, 50, 200];
    for (const [i, value] of expected.entries()) expect(Math.abs((pixels[i] as number) - value)).toBeLessThan(1.6);
  });

  it('averages when it shrinks', async () => {
    const data = Uint8Array.from({ length: 3 * 64 * 64 }, (_, i) => (Math.floor(i / 3) % 2 === 0 ? 40 : 80));
    const pixels = await renderView(
      { width: 64, height: 64, data },
      wholeView({ width: 64, height: 64 }, { width: 16, height: 16 }),
    );
    for (const value of pixels) expect(Math.abs(value - 60)).toBeLessThan(3);
  });

  it('returns the image itself where nothing changes, and restores it by mirroring twice', async () => {
    const image = scene();
    expect(await renderView(image, wholeView(image))).toBe(image.data);
    const view = { ...wholeView(image), flip: true };
    const mirrored = await renderView(image, view);
    expect(mirrored).not.toEqual(image.data);
    expect(await renderView({ ...image, data: mirrored }, view)).toEqual(image.data);
    expect(image).toEqual(scene());
  });

  it('mirrors resampled images', async () => {
    await fc.assert(
      fc.asyncProperty(views, async (view) => {
        const image = scene();
        const plain = await renderView(image, { ...view, flip: false });
        const flipped = await renderView(image, { ...view, flip: true });
        for (let i = 0; i < plain.length; i++) {
          const [pixel, c] = [Math.floor(i / 3), i % 3];
          const row = pixel - (pixel % view.width);
          const other = 3 * (row + view.width - 1 - (pixel % view.width)) + c;
          expect(Math.abs((plain[i] as number) - (flipped[other] as number))).toBeLessThan(3);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('shows at least a pixel of an image that is much smaller than the one the view is for', async () => {
    const image = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
    const view = { source: { x: 99, y: 99, width: 1, height: 1 }, width: 2, height: 2, flip: true };
    const pixels = await renderView(image, view, { width: 100, height: 100 });
    expect([...pixels]).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
  });

  it('cuts without resampling', async () => {
    const image = { width: 4, height: 3, data: Uint8Array.from({ length: 36 }, (_, i) => i) };
    const view = { source: { x: 1, y: 1, width: 2, height: 2 }, width: 2, height: 2, flip: false };
    expect([...(await renderView(image, view))]).toEqual([15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32]);
    expect([...(await renderView(image, { ...view, flip: true }))]).toEqual([
      18, 19, 20, 15, 16, 17, 30, 31, 32, 27, 28, 29,
    ]);
  });
});
