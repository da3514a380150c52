import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.ts';
import { type ColorJitter, drawColorChange, meanGrey } from './jitter.ts';
import { normalizer } from './normalize.ts';
import { recolored } from './recolor.ts';

const pixels = Uint8Array.of(200, 30, 60, 90, 90, 90, 10, 120, 250, 140, 100, 20);
const grey = (r: number, g: number, b: number) => 0.299 * r + 0.587 * g + 0.114 * b;

/** `pixels` after the change, before clamping. */
function changed(jitter: ColorJitter, seed: number): number[] {
  const { matrix, pivot } = drawColorChange(jitter, randomStream(seed));
  return Array.from(pixels, (_, i) => {
    const row = matrix.slice(3 * (i % 3), 3 * (i % 3) + 3);
    const old = pixels.subarray(i - (i % 3));
    return row.reduce((sum, value, c) => sum + value * (old[c] as number), 0) + pivot * meanGrey(pixels);
  });
}

const greys = (values: ArrayLike<number>) =>
  [0, 3, 6, 9].map((i) => grey(values[i] as number, values[i + 1] as number, values[i + 2] as number));

describe('drawColorChange', () => {
  it('changes nothing by default', () => {
    for (const [i, value] of changed({}, 1).entries()) expect(value).toBeCloseTo(pixels[i] as number, 9);
  });

  it('changes brightness, contrast and saturation as torchvision does', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const brightness = changed({ brightness: 0.4 }, seed);
        const factor = (brightness[0] as number) / 200;
        expect(factor).toBeGreaterThanOrEqual(0.6);
        expect(factor).toBeLessThanOrEqual(1.4);
        brightness.forEach((value, i) => {
          expect(value).toBeCloseTo(factor * (pixels[i] as number), 6);
        });

        // Blends with the image's mean grey.
        const mean = greys(pixels).reduce((sum, value) => sum + value, 0) / 4;
        const contrast = changed({ contrast: 0.8 }, seed);
        const part = ((contrast[0] as number) - mean) / (200 - mean);
        contrast.forEach((value, i) => {
          expect(value).toBeCloseTo(part * (pixels[i] as number) + (1 - part) * mean, 6);
        });

        // Blends with each pixel's own grey.
        const saturation = changed({ saturation: 3 }, seed);
        const amount =
          ((saturation[0] as number) - (greys(pixels)[0] as number)) / (200 - (greys(pixels)[0] as number));
        expect(amount).toBeGreaterThanOrEqual(0);
        saturation.forEach((value, i) => {
          const own = greys(pixels)[Math.floor(i / 3)] as number;
          expect(value).toBeCloseTo(amount * (pixels[i] as number) + (1 - amount) * own, 6);
        });
      }),
    );
  });

  it('turns the hue about grey', () => {
    const turned = changed({ hue: 0.5 }, 3);
    expect(Math.abs((turned[0] as number) - 200)).toBeGreaterThan(5);
    for (const [i, value] of greys(turned).entries()) expect(value).toBeCloseTo(greys(pixels)[i] as number, 1);
    for (const value of turned.slice(3, 6)) expect(value).toBeCloseTo(90, 1);
  });

  it('applies brightness, then contrast, then the rest', () => {
    const jitter = { brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.2 };
    const all = changed(jitter, 9);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / 4;
    // Saturation and hue keep every grey, contrast the mean one: the brightness is left.
    const random = randomStream(9);
    expect(mean(greys(all)) / mean(greys(pixels))).toBeCloseTo(0.5 + random(), 2);
  });
});

describe('normalizer', () => {
  const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
  const normalize = normalizer(normalization);

  it('writes to the top left of a canvas', () => {
    const out = new Float32Array(3 * 3 * 4);
    normalize(pixels, { width: 2, height: 2 }, out, 3);
    const at = (x: number, y: number) => [...out.subarray(3 * (3 * y + x), 3 * (3 * y + x) + 3)];
    const expected = (i: number) =>
      normalization.mean.map((mean, c) => ((pixels[i + c] as number) / 255 - mean) / (normalization.std[c] as number));
    for (const [x, y, i] of [
      [0, 0, 0],
      [1, 0, 3],
      [0, 1, 6],
      [1, 1, 9],
    ] as const) {
      at(x, y).forEach((value, c) => {
        expect(value).toBeCloseTo(expected(i)[c] as number, 5);
      });
    }
    expect([...at(2, 0), ...at(2, 1), ...at(0, 2)]).toEqual(new Array(9).fill(0));
  });
});

describe('recolored', () => {
  const size = { width: 2, height: 2 };

  it('applies the drawn change, clamped and rounded once', async () => {
    const jitter = { brightness: 0.9, contrast: 0.9, saturation: 0.9, hue: 0.5 };
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const expected = Uint8ClampedArray.from(changed(jitter, seed));
        const found = await recolored(pixels, size, drawColorChange(jitter, randomStream(seed)));
        expect(found.length).toBe(12);
        // sharp computes in float32: values half-way may be rounded either way.
        for (const [i, value] of expected.entries()) {
          expect(Math.abs((found[i] as number) - value), `${i}`).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('rounds to the nearest value, and keeps unchanged colours and its input', async () => {
    const before = pixels.slice();
    expect([...(await recolored(pixels, size, drawColorChange({}, randomStream(0))))]).toEqual([...before]);
    const matrix = [0.333, 0, 0, 0, 0.336, 0, 0, 0, -9];
    // 66.6, 10.08, below 0; 29.97, 30.24; 3.33, 40.32; 46.62, 33.6
    expect([...(await recolored(pixels, size, { matrix, pivot: 0 }))]).toEqual([
      67, 10, 0, 30, 30, 0, 3, 40, 0, 47, 34, 0,
    ]);
    expect(pixels).toEqual(before);
  });
});
