import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canvasOf, type Framing, framedSize, framingSettings } from './framing.ts';
import type { Size } from './view.ts';

const sizeOf = (width: number, height: number, framing: Framing, images: readonly Size[] = []) => {
  const settings = framingSettings('test', framing, images);
  const size = framedSize({ width, height }, settings, settings.scales[0], Math.min(width, height));
  return [size.width, size.height];
};

describe('framedSize', () => {
  // Values from DETR's `get_size_with_aspect_ratio`.
  it.each([
    [640, 480, 800, 1333, [1066, 800]],
    [480, 640, 800, 1333, [800, 1066]],
    [500, 375, 800, 1333, [1066, 800]],
    [1000, 300, 800, 1333, [1333, 400]],
    [640, 426, 480, 1333, [721, 480]],
    [640, 427, 800, 1333, [1199, 800]],
    [640, 360, 800, 1333, [1333, 750]],
    [333, 500, 480, 1333, [480, 720]],
    [480, 480, 480, 1333, [480, 480]],
  ])('resizes %i × %i to a shorter side of %i with at most %i', (width, height, scale, maxSize, expected) => {
    expect(sizeOf(width, height, { scale, maxSize })).toEqual(expected);
  });

  it.each([
    [4000, 1, 800, 1333, [1333, 1]],
    [1, 4000, 800, 1333, [1, 1333]],
    [3000, 2, 800, 1333, [1333, 1]],
    [1340, 2, 800, 1333, [1333, 2]],
    [1000, 302, 800, 1333, [1333, 403]],
    [1, 1, 800, 1, [1, 1]],
  ])('limits %i × %i, with a shorter side of %i, to a longer one of %i', (width, height, scale, maxSize, expected) => {
    expect(sizeOf(width, height, { scale, maxSize })).toEqual(expected);
    expect(sizeOf(width, height, { maxSize })).toEqual(
      sizeOf(width, height, { scale: Math.min(width, height), maxSize }),
    );
  });

  it('fills a canvas of one size', () => {
    const canvas = { width: 320, height: 240 };
    expect(sizeOf(640, 480, { canvas })).toEqual([320, 240]);
    expect(sizeOf(64, 64, { canvas })).toEqual([240, 240]);
    expect(sizeOf(200, 800, { canvas })).toEqual([60, 240]);
    expect(sizeOf(5000, 1, { canvas })).toEqual([320, 1]);
  });

  it('never exceeds its limits, and keeps the aspect ratio', () => {
    const side = fc.oneof(fc.integer({ min: 20, max: 2000 }), fc.integer({ min: 1, max: 30 }));
    const framings = fc.record({
      canvas: fc.constantFrom({ width: 320, height: 256 }, { multipleOf: 32 }),
      scale: fc.option(fc.integer({ min: 30, max: 900 }), { nil: undefined }),
      maxSize: fc.constantFrom(200, 1333),
    });
    fc.assert(
      fc.property(side, side, framings, (width, height, { scale, ...framing }) => {
        const chosen: Framing = scale === undefined ? framing : { ...framing, scale };
        const [w, h] = sizeOf(width, height, chosen) as [number, number];
        const canvas = canvasOf([{ width: w, height: h }], framingSettings('test', chosen, []));
        expect(w).toBeLessThanOrEqual(canvas.width);
        expect(h).toBeLessThanOrEqual(canvas.height);
        expect(Math.max(w, h)).toBeLessThanOrEqual(framing.maxSize);
        expect(Math.min(w, h)).toBeGreaterThanOrEqual(1);
        // One side is rounded, and the other one follows it; a shorter side below half a pixel becomes one.
        const aspect = Math.max(width, height) / Math.min(width, height);
        const [long, short] = [Math.max(w, h), Math.min(w, h)];
        if (short > 1) expect(Math.abs(long - short * aspect)).toBeLessThanOrEqual(Math.max(1, aspect));
      }),
    );
  });

  it('keeps the size of images without a canvas and a scale', () => {
    expect(sizeOf(123, 45, {})).toEqual([123, 45]);
    expect(sizeOf(123, 45, { maxSize: 60 })).toEqual([60, 22]);
  });

  it('rounds canvases up', () => {
    const settings = framingSettings('test', { canvas: { multipleOf: 64 } }, []);
    const sizes = [
      { width: 100, height: 64 },
      { width: 60, height: 65 },
    ];
    expect(canvasOf(sizes, settings)).toEqual({ width: 128, height: 128 });
    expect(canvasOf(sizes, framingSettings('test', {}, []))).toEqual({ width: 128, height: 96 });
  });

  it('chooses the smallest canvas that fits all images at the given longer side', () => {
    const canvasFor = (longSide: number, images: readonly Size[], loaded: readonly Size[] = []) =>
      canvasOf([], framingSettings('test', { canvas: { longSide, images } }, loaded));
    const wide = [
      { width: 640, height: 480 },
      { width: 100, height: 20 },
    ];
    expect(canvasFor(320, wide)).toEqual({ width: 320, height: 240 });
    expect(canvasFor(320, [...wide, { width: 30, height: 40 }])).toEqual({ width: 320, height: 320 });
    expect(canvasOf([], framingSettings('test', { canvas: { longSide: 320 } }, wide))).toEqual({
      width: 320,
      height: 240,
    });
    const canvas = { longSide: 320, images: wide };
    // Larger, smaller and equal images, and one with another aspect ratio than those the canvas is for.
    expect(sizeOf(1280, 960, { canvas })).toEqual([320, 240]);
    expect(sizeOf(100, 20, { canvas })).toEqual([320, 64]);
    expect(sizeOf(240, 320, { canvas })).toEqual([180, 240]);
    expect(sizeOf(640, 480, { canvas, maxSize: 160 })).toEqual([160, 120]);
    expect(sizeOf(640, 480, { canvas, scale: 120 })).toEqual([160, 120]);
  });

  it('keeps a longer side to the pixel where the shorter one is rounded', () => {
    const side = fc.integer({ min: 1, max: 2000 });
    fc.assert(
      fc.property(side, side, fc.constantFrom(64, 320, 641), (width, height, longSide) => {
        const [w, h] = sizeOf(width, height, { canvas: { longSide } }, [{ width, height }]) as [number, number];
        expect(Math.max(w, h)).toBe(longSide);
        expect(Math.abs(Math.min(w, h) - (longSide * Math.min(width, height)) / Math.max(width, height))).toBeLessThan(
          1,
        );
      }),
    );
  });

  it.each([
    [{ canvas: 320 }, 'test.canvas is 320: expected { width, height }, { multipleOf } or { longSide }'],
    [{ canvas: { width: 320 } }, 'test.canvas.height is undefined: expected a whole number from 1'],
    [{ canvas: { multipleOf: 0 } }, 'test.canvas.multipleOf is 0: expected a whole number from 1'],
    [{ canvas: { multipleOf: 32, width: 9 } }, "test.canvas has no option 'width': expected multipleOf"],
    [{ canvas: { longSide: 0.5 } }, 'test.canvas.longSide is 0.5: expected a whole number from 1'],
    [{ canvas: { longSide: 32, width: 9 } }, "test.canvas has no option 'width': expected longSide, images"],
    [{ scale: [] }, 'test.scale is []: expected a number of pixels or a list of them'],
    [{ scale: '480' }, "test.scale is '480': expected a number of pixels"],
    [{ scale: [480, 0.5] }, 'test.scale is 0.5: expected a whole number from 1'],
    [{ maxSize: 0 }, 'test.maxSize is 0: expected a whole number from 1'],
  ])('refuses %j', (framing, message) => {
    expect(() => framingSettings('test', framing as Framing, [])).toThrow(message);
  });
});
