import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { picture } from './picture.ts';

// A red and a green pixel.
const image = { width: 2, height: 1, data: Uint8Array.of(255, 0, 0, 0, 255, 0) };
const drawing =
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><rect x="1" y="1" width="2" height="2" fill="#00f"/></svg>';

describe('picture', () => {
  it.each(['png', 'jpeg'] as const)('lays the drawing over enlarged pixels as %s', async (format) => {
    const bytes = await picture(image, { drawing, enlarged: 4, format });
    expect(await sharp(bytes).metadata()).toMatchObject({ format, width: 8, height: 4, hasAlpha: false });
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number) => [...data.subarray(3 * (8 * y + x), 3 * (8 * y + x) + 3)];
    // JPEG alters what lies near an edge.
    const about = (color: readonly number[]) => color.map((value) => expect.closeTo(value, format === 'png' ? 5 : -2));
    expect(at(0, 0)).toEqual(about([255, 0, 0]));
    expect(at(1, 1)).toEqual(about([0, 0, 255]));
    expect(at(2, 2)).toEqual(about([0, 0, 255]));
    expect(at(3, 3)).toEqual(about([255, 0, 0]));
    expect(at(4, 0)).toEqual(about([0, 255, 0]));
  });
});
