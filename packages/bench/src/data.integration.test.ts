import { shapesDataset } from '@dn-detr/data';
import { describe, expect, it } from 'vitest';
import { benchData } from './data.ts';

const files = { name: 'photos', images: shapesDataset({ train: 4, val: 0, size: 32, plain: true }).train };
const effort = { seconds: 0, steps: 2, warmUp: 1 };
const measured = (step: { batch: number; ms: number }) => benchData(files, step, () => {}, effort);

describe('benchData', () => {
  it('compares only images from files at 320 pixels with the promised rates', async () => {
    const cases = await measured({ batch: 2, ms: 1 });
    expect(cases.map(({ images, width, met }) => `${images} ${width} ${typeof met}`)).toEqual([
      'shapes 64 undefined',
      'shapes 128 undefined',
      'shapes 320 undefined',
      'photos 128 undefined',
      'photos 128 undefined',
      'photos 320 boolean',
      'photos 320 boolean',
    ]);
    for (const { imagesPerSecond, timesStep, required, met } of cases) {
      expect(imagesPerSecond).toBeGreaterThan(0);
      // The step consumes 2000 images a second; twice that is 4000, more than the minimum of 150.
      expect(timesStep).toBeCloseTo(imagesPerSecond / 2000, 9);
      if (required === undefined) continue;
      expect(required).toBe(4000);
      expect(met).toBe(imagesPerSecond >= 4000);
    }
  });

  it('requires 150 images a second even for the slowest step', async () => {
    const cases = await measured({ batch: 1, ms: 20 });
    expect(cases.at(-1)).toMatchObject({ required: 150 });
  });
});
