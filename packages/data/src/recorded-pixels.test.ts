/**
 * Compares small files of many kinds with the pixels that Pillow reads from them (`test/fixtures/pixels/record.py`).
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode-image.ts';
import { UnsupportedImageError } from './image-error.ts';
import { imageHeader } from './image-header.ts';

interface Recorded {
  readonly width: number;
  readonly height: number;
  readonly source: string;
  /** Allowed difference; exact where there is none. */
  readonly tolerance?: 'lossy' | 'avif';
  readonly picture: string;
}

const folder = fileURLToPath(new URL('../../../test/fixtures/pixels/', import.meta.url));
const { read, refused, pictures } = JSON.parse(fs.readFileSync(path.join(folder, 'expected.json'), 'utf8')) as {
  read: Record<string, Recorded>;
  refused: Record<string, string>;
  pictures: Record<string, string>;
};
const bytesOf = (name: string): Buffer => fs.readFileSync(path.join(folder, 'images', name));

/**
 * Upper limits for the mean and the maximum of the differences, on a scale of 255. AVIF decoders enlarge the colour
 * planes in different ways.
 */
const tolerances = { exact: [0, 0], lossy: [1, 4], avif: [1, 64] } as const;

describe('recorded pixels', () => {
  it.each(Object.entries(read))('agree for %s', async (name, { width, height, picture, tolerance }) => {
    const bytes = bytesOf(name);
    const { data, ...size } = await decodeImage(bytes, { name, width, height });
    expect(size).toEqual({ width, height });
    expect((await imageHeader(path.join(folder, 'images', name), name)).upright).toEqual(size);
    const expected = inflateSync(Buffer.from(pictures[picture] as string, 'base64'));
    expect(data.length).toBe(expected.length);
    const differences = expected.map((value, n) => Math.abs(value - (data[n] as number)));
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
    const [mostInMean, most] = tolerances[tolerance ?? 'exact'];
    expect(mean).toBeLessThanOrEqual(mostInMean);
    expect(Math.max(...differences)).toBeLessThanOrEqual(most);
    const brighter = data.reduce((sum, value, n) => sum + value - (expected[n] as number), 0) / data.length;
    expect(Math.abs(brighter)).toBeLessThanOrEqual(mostInMean / 2);
  });

  it.each(Object.entries(refused))('are refused for %s', async (name, fault) => {
    const bytes = bytesOf(name);
    const file = path.join(folder, 'images', name);
    const readings = [
      imageHeader(file, name),
      imageHeader(bytes, name),
      decodeImage(bytes, { name, width: 9, height: 9 }),
    ];
    for (const outcome of await Promise.allSettled(readings)) {
      const error = outcome.status === 'rejected' ? outcome.reason : undefined;
      expect(error).toBeInstanceOf(UnsupportedImageError);
      expect(error.fault).toContain(fault);
    }
  });

  it('come from the chosen bands where there are five or more', async () => {
    const announced = { width: 23, height: 17 };
    const bands = [5, 1, 3] as const;
    for (const layout of ['contig', 'separate']) {
      for (const [name, depth] of [
        ['tiff-rgb-5x8', 8],
        ['tiff-minisblack-5x8', 8],
        ['tiff-rgb-5x16', 16],
        ['tiff-minisblack-8x16', 16],
      ] as const) {
        const file = bytesOf(`${name}-${layout}.tif`);
        const { data } = await decodeImage(file, { name, ...announced }, { bands });
        for (const [x, y] of [
          [0, 0],
          [22, 16],
          [7, 3],
        ] as const) {
          const expected = bands.map((band) => {
            const k = band - 1;
            const part = ((x * (k + 3) * 5 + y * (7 - k) * 3 + k * 40) % 256) / 255;
            return depth === 8 ? Math.round(part * 255) : Math.round(part * 65535) >> 8;
          });
          expect([...data.subarray(3 * (y * 23 + x), 3 * (y * 23 + x) + 3)]).toEqual(expected);
        }
        await expect(decodeImage(file, { name, ...announced }, { bands: [9, 1, 2] })).rejects.toThrow(
          /but not band 9,/,
        );
      }
    }
  });
});
