import { describe, expect, it } from 'vitest';
import { fill } from './draw.ts';
import { type ShapesOptions, shapesSettings } from './options.ts';
import type { Outline } from './outline.ts';
import { objectsOf } from './scene.ts';

const size = 128;

/** The fraction of each pixel `[size, size]` that a shape covers, in 255ths. */
function coverageOf(outline: Outline): Float64Array {
  const image = { width: size, height: size, data: new Uint8Array(3 * size * size) };
  fill(image, outline, [255, 255, 255]);
  return Float64Array.from({ length: size * size }, (_, i) => image.data[3 * i] as number);
}

/** The visible fraction of every object but the foremost, over a few images. */
function visibleParts(options: ShapesOptions): number[] {
  const settings = shapesSettings({ size, objects: { least: 6 }, scale: { least: 0.2 }, ...options });
  return Array.from({ length: 25 }, (_, index) => {
    const masks = objectsOf(settings, 'train', index).map(({ outline }) => coverageOf(outline));
    return masks.slice(0, -1).map((mask, n) => {
      const inFront = masks.slice(n + 1);
      const visible = mask.map(
        (value, i) => value * inFront.reduce((left, m) => left * (1 - (m[i] as number) / 255), 1),
      );
      const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
      return sum(visible) / sum(mask);
    });
  }).flat();
}

describe('placeObjects', () => {
  it('lets objects cover others, but by no more than allowed', () => {
    const parts = visibleParts({});
    expect(parts.filter((part) => part < 0.7).length).toBeGreaterThan(10);
    // Areas are estimated from about a hundred points.
    expect(Math.min(...parts)).toBeGreaterThan(0.4 - 0.06);
    expect(Math.min(...visibleParts({ visible: 0 }))).toBeLessThan(0.2);
    expect(Math.min(...visibleParts({ visible: 1 }))).toBeGreaterThan(0.9);
  });

  it('leaves out objects that find no room', () => {
    const settings = shapesSettings({
      size,
      visible: 1,
      objects: { least: 6, most: 6 },
      scale: { least: 0.8, most: 0.8 },
    });
    expect(objectsOf(settings, 'train', 0).length).toBeLessThan(3);
  });

  it('finds room for all objects with the default sizes', () => {
    const settings = shapesSettings({ objects: { least: 8 } });
    const counts = Array.from({ length: 200 }, (_, index) => objectsOf(settings, 'val', index).length);
    expect(counts.filter((count) => count === 8).length).toBeGreaterThan(195);
  });

  it('leaves shapes upright on request', () => {
    const settings = shapesSettings({ classes: ['square'], rotation: false });
    for (const { box } of Array.from({ length: 20 }, (_, index) => objectsOf(settings, 'train', index)).flat()) {
      expect(box.right - box.left).toBeCloseTo(box.bottom - box.top, 9);
    }
    const turned = objectsOf(shapesSettings({ classes: ['triangle'] }), 'train', 1)[0]?.box;
    expect(turned && (turned.right - turned.left) / (turned.bottom - turned.top)).not.toBeCloseTo(2 / Math.sqrt(3), 2);
  });
});
