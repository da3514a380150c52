/** Any file gives three channels of 8 bits, or a refusal that says why. */

import { tiffFile } from '@dn-detr/testing/tiff-file';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode-image.ts';
import { UnsupportedImageError } from './image-error.ts';

interface Case {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly deep: boolean;
  readonly tiff: boolean;
  readonly seed: number;
}

/** Samples `[height, width, channels]`, of 8 or 16 bits. */
function samplesOf({ width, height, channels, deep, seed }: Case): Uint8Array | Uint16Array {
  const length = width * height * channels;
  const values = deep ? new Uint16Array(length) : new Uint8Array(length);
  return values.map((_, n) => ((n + 1) * (seed * 2 + 1) * 40503) >>> 3);
}

function fileOf(made: Case, data: Uint8Array | Uint16Array): Buffer | Promise<Buffer> {
  const { width, height, channels, deep, tiff } = made;
  if (tiff) return tiffFile({ width, height, channels, data });
  const image = sharp(data, { raw: { width, height, channels: channels as 1 | 2 | 3 | 4 } });
  image.toColourspace(deep ? (channels < 3 ? 'grey16' : 'rgb16') : channels < 3 ? 'b-w' : 'srgb');
  return image.png().toBuffer();
}

const cases = fc.record({
  width: fc.integer({ min: 1, max: 20 }),
  height: fc.integer({ min: 1, max: 20 }),
  channels: fc.integer({ min: 1, max: 7 }),
  deep: fc.boolean(),
  tiff: fc.boolean(),
  seed: fc.nat(1000),
});

describe('files of any number of channels', () => {
  it('give the first three, or one of them three times, or the chosen ones', async () => {
    await fc.assert(
      fc.asyncProperty(
        cases,
        fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7], { minLength: 3, maxLength: 3 }),
        async (any, order) => {
          const made = any.channels > 4 ? { ...any, tiff: true } : any;
          const { width, height, channels } = made;
          const samples = samplesOf(made);
          const bytes = await fileOf(made, samples);
          const announced = { name: 'x', width, height };
          const expected = (bands: readonly number[]) =>
            Array.from({ length: width * height * 3 }, (_, n) => {
              const band = channels < 3 ? 1 : (bands[n % 3] as number);
              const sample = samples[Math.floor(n / 3) * channels + band - 1] as number;
              return made.deep ? sample >> 8 : sample;
            });
          if (channels < 5) expect([...(await decodeImage(bytes, announced)).data]).toEqual(expected([1, 2, 3]));
          else {
            const refusal = `holds ${channels} bands of ${made.deep ? 16 : 8} bits (TIFF)`;
            const error = await decodeImage(bytes, announced).catch((error: unknown) => error);
            expect(error).toBeInstanceOf(UnsupportedImageError);
            expect((error as UnsupportedImageError).fault).toContain(refusal);
          }
          if (channels < 4 || !made.tiff) return;
          const bands = order as unknown as readonly [number, number, number];
          const beyond = bands.find((band) => band > channels);
          const chosen = decodeImage(bytes, announced, { bands });
          if (beyond === undefined) expect([...(await chosen).data]).toEqual(expected(bands));
          else await expect(chosen).rejects.toThrow(`but not band ${beyond}, which data.bands = [${bands.join(', ')}]`);
        },
      ),
      { numRuns: 150 },
    );
  });
});
