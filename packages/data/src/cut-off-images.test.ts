/** Files that are cut off are refused, or still have all of their pixels. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode-image.ts';
import { ImageError } from './image-error.ts';

const folder = fileURLToPath(new URL('../../../test/fixtures/pixels/', import.meta.url));
const { read } = JSON.parse(fs.readFileSync(path.join(folder, 'expected.json'), 'utf8')) as {
  read: Record<string, { readonly width: number; readonly height: number }>;
};

// In files with numbers in digits, the last number may lose some digits unnoticed.
const names = Object.keys(read).filter((name) => !name.startsWith('plain'));

describe('a file that is cut off', () => {
  it('never gives different pixels, and the message is about the file', async () => {
    const anywhere = fc.tuple(fc.constantFrom(...names), fc.double({ min: 0, max: 1, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(anywhere, async ([name, share]) => {
        const whole = fs.readFileSync(path.join(folder, 'images', name));
        const announced = { name, ...(read[name] as { width: number; height: number }) };
        const cut = whole.subarray(0, Math.floor(share * whole.length));
        const outcome = await decodeImage(cut, announced).catch((error: unknown) => error);
        if (outcome instanceof Error) {
          expect(outcome).toBeInstanceOf(ImageError);
          expect(outcome.message).not.toMatch(/out of range|undefined|NaN|bounds/);
        } else {
          const { data } = await decodeImage(whole, announced);
          expect(Buffer.compare((outcome as { data: Uint8Array }).data, data)).toBe(0);
        }
      }),
      { numRuns: 400 },
    );
  });
});
