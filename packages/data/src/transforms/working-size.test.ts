import { describe, expect, it } from 'vitest';
import { type Augmentation, augmentationSettings, detrTransforms } from './augmentation.ts';
import { type Framing, framingSettings } from './framing.ts';
import { workingSize } from './working-size.ts';

const sizeOf = (width: number, height: number, framing: Framing, augmentation: Augmentation = {}) => {
  const size = workingSize(
    { width, height },
    framingSettings('test', framing, []),
    augmentationSettings('test', augmentation),
  );
  return [size.width, size.height];
};

const canvas = { width: 320, height: 320 };

describe('workingSize', () => {
  it('is twice the needed size for large images', () => {
    expect(sizeOf(4000, 3000, { canvas })).toEqual([640, 480]);
    expect(sizeOf(3000, 4000, { canvas, scale: [120, 240] })).toEqual([480, 640]);
    // A crop of half of the shorter side is enlarged to the size of the complete image.
    expect(sizeOf(4000, 3000, { canvas }, { crop: { least: 0.5, most: 1 } })).toEqual([1280, 960]);
    const { augmentation, ...framing } = detrTransforms.training;
    expect(sizeOf(9000, 6000, framing, augmentation)).toEqual([3750, 2500]);
  });

  it("is the image's own where reducing would save little, or where it is enlarged", () => {
    expect(sizeOf(800, 600, { canvas })).toEqual([800, 600]);
    expect(sizeOf(64, 64, { canvas })).toEqual([64, 64]);
    expect(sizeOf(4000, 3000, {})).toEqual([4000, 3000]);
    expect(sizeOf(640, 480, detrTransforms.training, {})).toEqual([640, 480]);
  });
});
