/** Compares `renderView` of a photo with Pillow's result (`test/fixtures/resize/record.py`). */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../dataset.ts';
import { renderView } from './render.ts';
import { wholeView } from './view.ts';

const folder = fileURLToPath(new URL('../../../../test/fixtures/resize/', import.meta.url));
const sizes = readdirSync(folder).flatMap((name) => {
  const [, width, height] = /^(\d+)x(\d+)\.png$/.exec(name) ?? [];
  return width === undefined ? [] : [{ width: Number(width), height: Number(height) }];
});

async function picture(name: string): Promise<RgbImage> {
  const { data, info } = await sharp(`${folder}${name}.png`).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

describe('renderView compared with Pillow', () => {
  it('has several sizes to compare', () => expect(sizes.length).toBe(10));

  it.each(sizes)('differs little at $width × $height', async ({ width, height }) => {
    const photo = await picture('photo');
    const recorded = (await picture(`${width}x${height}`)).data;
    const found = await renderView(photo, wholeView(photo, { width, height }));
    expect(found.length).toBe(recorded.length);
    let [most, sum] = [0, 0];
    for (let i = 0; i < found.length; i++) {
      const difference = Math.abs((found[i] as number) - (recorded[i] as number));
      most = Math.max(most, difference);
      sum += difference;
    }
    // Enlarged images differ only by rounding.
    expect(most).toBeLessThanOrEqual(width > photo.width && height > photo.height ? 1 : 5);
    expect(sum / found.length).toBeLessThan(0.8);
  });
});
