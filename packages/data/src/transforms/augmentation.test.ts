import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.ts';
import { type Augmentation, augmentationSettings, detrTransforms, drawView } from './augmentation.ts';
import { framingSettings } from './framing.ts';
import { wholeView } from './view.ts';

const image = { width: 640, height: 480 };

const draws = (augmentation: Augmentation, count: number, framing = framingSettings('test', {}, [])) => {
  const settings = augmentationSettings('test', augmentation);
  return Array.from({ length: count }, (_, n) => drawView(image, image, framing, settings, randomStream('test', n)));
};

describe('drawView', () => {
  it('shows the complete image by default', () => {
    for (const view of draws({}, 20)) expect(view).toEqual(wholeView(image));
  });

  it('mirrors with the given probability', () => {
    expect(draws({ flip: 1 }, 20).every(({ flip }) => flip)).toBe(true);
    const share = draws({ flip: 0.3 }, 1000).filter(({ flip }) => flip).length / 1000;
    expect(Math.abs(share - 0.3)).toBeLessThan(0.06);
  });

  it('crops and scales as DETR does', () => {
    const { augmentation, ...rest } = detrTransforms.training;
    const views = draws(augmentation, 2000, framingSettings('test', rest, []));
    const scales = new Set<number>();
    const cropped = views.filter(({ source }) => source.width < 640 || source.height < 480);
    expect(Math.abs(cropped.length / 2000 - 0.5)).toBeLessThan(0.06);
    for (const { source, width, height } of views) {
      if (source.width === 640 && source.height === 480) scales.add(Math.min(width, height));
      expect(Math.max(width, height)).toBeLessThanOrEqual(1333);
      expect(width / height).toBeCloseTo(source.width / source.height, 1);
      expect(source.x + source.width).toBeLessThanOrEqual(640);
      expect(source.y + source.height).toBeLessThanOrEqual(480);
      for (const value of Object.values(source)) expect(Number.isInteger(value)).toBe(true);
    }
    expect([...scales].sort((a, b) => a - b)).toEqual([...detrTransforms.training.scale]);
    // At least 384 of 600 pixels; at most 600 of 400, which is the complete height, and 600 of 533 pixels of width.
    const heights = cropped.map(({ source }) => source.height);
    const widths = cropped.map(({ source }) => source.width);
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(Math.round((384 / 600) * 480));
    expect(Math.min(...heights)).toBeLessThan(0.68 * 480);
    expect(Math.max(...heights)).toBe(480);
    expect(Math.min(...widths)).toBeGreaterThanOrEqual(Math.round((384 / 600) * 480));
    expect(Math.max(...widths)).toBeGreaterThan(620);
    expect(new Set(cropped.map(({ source }) => source.x)).size).toBeGreaterThan(50);
  });

  it('cuts pieces measured in shorter sides of the image', () => {
    const views = draws({ crop: { probability: 1, least: 0.5, most: 0.75 } }, 300);
    for (const { source } of views) {
      for (const side of [source.width, source.height]) {
        expect(side).toBeGreaterThanOrEqual(240);
        expect(side).toBeLessThanOrEqual(360);
      }
      expect(source.x + source.width).toBeLessThanOrEqual(640);
    }
    expect(draws({ crop: { probability: 1, least: 2, most: 3 } }, 5)[0]).toEqual(wholeView(image));
  });

  it('leaves colours unchanged where the jitter is 0', () => {
    expect(augmentationSettings('test', { jitter: { brightness: 0, hue: 0 } }).jitter).toBe(undefined);
    expect(augmentationSettings('test', { jitter: { brightness: 0, hue: 0.1 } }).jitter).toEqual({
      brightness: 0,
      hue: 0.1,
    });
  });

  it('depends only on its random stream', () => {
    const options = { flip: 0.5, crop: { least: 0.3, most: 1 } };
    expect(draws(options, 10)).toEqual(draws(options, 10));
    expect(new Set(draws(options, 50).map((view) => JSON.stringify(view))).size).toBeGreaterThan(20);
  });

  it.each([
    [{ mirror: 1 }, "test has no option 'mirror': expected flip, crop, jitter"],
    [{ flip: 2 }, 'test.flip is 2: expected a number in 0..1'],
    [{ crop: { least: 1 } }, 'test.crop.most is undefined: expected a finite number'],
    [{ crop: { least: 3, most: 2 } }, 'test.crop.least is 3: expected a number in'],
    [{ crop: { scales: [], least: 1, most: 2 } }, 'test.crop.scales is []: expected a list of numbers'],
    [{ jitter: { hue: 0.6 } }, 'test.jitter.hue is 0.6: expected a number in 0..0.5'],
    [{ jitter: { gamma: 1 } }, "test.jitter has no option 'gamma': expected brightness, contrast"],
  ])('refuses %j', (options, message) => {
    expect(() => augmentationSettings('test', options as Augmentation)).toThrow(message);
  });
});
