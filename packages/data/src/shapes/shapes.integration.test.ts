import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatasetImage, RgbImage } from '../dataset.ts';
import { shapeClasses } from './classes.ts';
import { contrast } from './colors.ts';
import { shapesDataset } from './shapes.ts';

const digest = (image: RgbImage): string => Buffer.from(image.data).toString('base64');
const boxOf = ({ objects }: DatasetImage, n: number) => [...objects.boxes.subarray(4 * n, 4 * n + 4)] as Box;
type Box = [x: number, y: number, width: number, height: number];

/**
 * The part of a plain image that differs from the colour of its first pixel: its strongest difference in colour, and
 * its extent.
 */
function foreground({ width, height, data }: RgbImage) {
  const background = data.subarray(0, 3);
  const extent = { left: width, top: height, right: 0, bottom: 0 };
  let strongest = { distance: 0, color: [0, 0, 0] };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      const color = [...data.subarray(i, i + 3)];
      const distance = Math.hypot(...color.map((value, c) => value - (background[c] as number)));
      if (distance < 3) continue;
      extent.left = Math.min(extent.left, x);
      extent.top = Math.min(extent.top, y);
      extent.right = Math.max(extent.right, x + 1);
      extent.bottom = Math.max(extent.bottom, y + 1);
      if (distance > strongest.distance) strongest = { distance, color };
    }
  }
  return { ...extent, ...strongest };
}

describe('shapesDataset', () => {
  it('follows its options', () => {
    const dataset = shapesDataset({ train: 5, val: 3, classes: ['ring', 'disc'], size: { width: 48, height: 32 } });
    expect(dataset).toMatchObject({ name: 'shapes', format: 'shapes', test: [] });
    expect(dataset.categories).toEqual([
      { id: 1, name: 'ring' },
      { id: 2, name: 'disc' },
    ]);
    expect([...dataset.train, ...dataset.val].map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(dataset.val[0]).toMatchObject({ name: 'shapes/val/0', width: 48, height: 32 });
    expect(shapesDataset({ classes: 3 }).categories.map(({ name }) => name)).toEqual(['disc', 'square', 'triangle']);
    const { train, val, categories } = shapesDataset();
    expect([train.length, val.length, categories.length]).toEqual([1000, 200, 6]);
  });

  it('draws the same images again, as the beginning of a larger set', async () => {
    const small = shapesDataset({ train: 4, val: 2, seed: 3, size: 40 });
    const large = shapesDataset({ train: 9, val: 4, seed: 3, size: 40 });
    for (const [split, n] of [
      ['train', 3],
      ['val', 1],
    ] as const) {
      const [a, b] = [small[split][n], large[split][n]] as [DatasetImage, DatasetImage];
      expect(a.objects).toEqual(b.objects);
      const drawn = digest(await a.read());
      expect(digest(await a.read())).toBe(drawn);
      expect(digest(await b.read())).toBe(drawn);
    }
  });

  it('never repeats an image, in either split or with another seed', async () => {
    const sets = [0, 1].map((seed) => shapesDataset({ train: 60, val: 60, seed, size: 32 }));
    const images = sets.flatMap(({ train, val }) => [...train, ...val]);
    const pixels = await Promise.all(images.map(async (image) => digest(await image.read())));
    expect(new Set(pixels).size).toBe(images.length);
    expect(new Set(images.map(({ objects }) => objects.boxes.join())).size).toBe(images.length);
  });

  it('draws numbers of objects and classes evenly', () => {
    const { train, categories } = shapesDataset({ train: 2000, val: 0 });
    const perImage = new Array(9).fill(0);
    const perClass = categories.map(() => 0);
    for (const { objects } of train) {
      perImage[objects.labels.length]++;
      for (const label of objects.labels) perClass[label] = (perClass[label] as number) + 1;
    }
    const all = perClass.reduce((sum, count) => sum + count, 0);
    expect(perImage[0]).toBe(0);
    for (const count of perImage.slice(1)) expect(count / 2000).toBeCloseTo(1 / 8, 1.3);
    // Five standard deviations of a fair draw.
    for (const count of perClass) expect(Math.abs(count / all - 1 / 6)).toBeLessThan(5 * Math.sqrt(5 / 36 / all));
  });

  it('keeps objects complete, inside the image and within the requested sizes', () => {
    const options = fc.record({
      seed: fc.nat(1000),
      size: fc.record({ width: fc.integer({ min: 50, max: 90 }), height: fc.integer({ min: 50, max: 90 }) }),
      scale: fc.constantFrom({ least: 0.1, most: 0.2 }, { least: 0.3, most: 0.3 }, { least: 0.5, most: 1 }),
      rotation: fc.boolean(),
    });
    fc.assert(
      fc.property(options, (chosen) => {
        const { width, height } = chosen.size;
        const side = Math.min(width, height);
        for (const { objects } of shapesDataset({ ...chosen, train: 4, val: 0 }).train) {
          expect(objects.labels.length).toBeGreaterThan(0);
          expect([...objects.crowd]).toEqual([...objects.labels].map(() => 0));
          for (let n = 0; n < objects.labels.length; n++) {
            const [x, y, w, h] = objects.boxes.subarray(4 * n) as unknown as Box;
            expect(objects.areas[n]).toBe(w * h);
            expect(Math.max(w, h) / side).toBeGreaterThan(chosen.scale.least - 1e-9);
            expect(Math.max(w, h) / side).toBeLessThan(chosen.scale.most + 1e-9);
            for (const [from, extent, limit] of [
              [x, w, width],
              [y, h, height],
            ] as const) {
              expect(from).toBeGreaterThanOrEqual(0);
              expect(from + extent).toBeLessThan(limit + 1e-9);
            }
          }
        }
      }),
    );
  });

  it.each(shapeClasses)('puts boxes tightly around a drawn %s', async (name) => {
    const options = { train: 40, val: 0, classes: [name], objects: { most: 1 }, plain: true, scale: { least: 0.15 } };
    for (const image of shapesDataset({ ...options, size: 72 }).train) {
      const [x, y, w, h] = boxOf(image, 0);
      const found = foreground(await image.read());
      for (const [edge, box] of [
        [found.left, x],
        [found.top, y],
        [found.right, x + w],
        [found.bottom, y + h],
      ] as const) {
        expect(Math.abs(edge - box)).toBeLessThan(1.1);
      }
      expect(found.left).toBeGreaterThanOrEqual(Math.floor(x));
      expect(found.right).toBeLessThanOrEqual(Math.ceil(x + w));
    }
  });

  it('gives objects colours that stand out and say nothing about the class', async () => {
    const images = shapesDataset({
      train: 600,
      val: 0,
      size: 24,
      objects: { most: 1 },
      plain: true,
      scale: { least: 0.4 },
    });
    const sums = shapeClasses.map(() => ({ count: 0, color: [0, 0, 0] }));
    for (const image of images.train) {
      const { distance, color } = foreground(await image.read());
      expect(distance).toBeGreaterThan(contrast - 2);
      const sum = sums[image.objects.labels[0] as number] as (typeof sums)[number];
      sum.count++;
      sum.color = sum.color.map((value, c) => value + (color[c] as number));
    }
    for (const { count, color } of sums) {
      expect(count).toBeGreaterThan(60);
      // A uniform component has a standard deviation of 74.
      for (const value of color) expect(Math.abs(value / count - 127.5)).toBeLessThan((5 * 74) / Math.sqrt(count));
    }
  });

  it('shows the same objects on plain and on textured backgrounds', async () => {
    const [plain, textured] = [true, false].map((value) =>
      shapesDataset({ train: 20, val: 0, size: 48, plain: value }),
    );
    for (const [n, image] of (plain as typeof textured & object).train.entries()) {
      expect(textured?.train[n]?.objects).toEqual(image.objects);
      const { data } = await image.read();
      const colors = new Set<string>();
      for (let i = 0; i < data.length; i += 3) colors.add(data.subarray(i, i + 3).join());
      const other = (await textured?.train[n]?.read())?.data as Uint8Array;
      const otherColors = new Set<string>();
      for (let i = 0; i < other.length; i += 3) otherColors.add(other.subarray(i, i + 3).join());
      expect(otherColors.size).toBeGreaterThan(1.5 * colors.size);
    }
  });

  it.each([
    [{ sise: 64 }, "shapes has no option 'sise': expected train, val, seed, size"],
    [{ train: -1 }, 'shapes.train is -1: expected a whole number from 0'],
    [{ seed: 0.5 }, 'shapes.seed is 0.5: expected a whole number'],
    [{ size: 4 }, 'shapes.size is 4: expected a whole number from 8'],
    [{ size: { width: 64 } }, 'shapes.size.height is undefined: expected a whole number from 8'],
    [{ size: { width: 64, height: 64, depth: 3 } }, "shapes.size has no option 'depth': expected width, height"],
    [{ classes: 7 }, 'shapes.classes is 7: expected 1 to 6, or a list of names'],
    [{ classes: ['disk'] }, "shapes.classes has 'disk': expected names among disc, square, triangle"],
    [{ classes: ['disc', 'disc'] }, 'shapes.classes names a class twice'],
    [{ classes: [] }, 'shapes.classes is empty'],
    [{ objects: { least: 5, most: 3 } }, 'shapes.objects.least is 5: expected at most shapes.objects.most, which is 3'],
    [{ objects: 3 }, 'shapes.objects is 3: expected { least, most }'],
    [{ objects: { most: 1.5 } }, 'shapes.objects.most is 1.5: expected a whole number'],
    [
      { size: 64, scale: { least: 0.05 } },
      'objects of 3.2 pixels in images of 64 cannot be told apart; expected at least 0.0625',
    ],
    [{ scale: { most: 1.5 } }, 'shapes.scale.most is 1.5: expected a number in 0..1'],
    [{ plain: 'yes' }, "shapes.plain is 'yes': expected true or false"],
    [{ visible: 2 }, 'shapes.visible is 2: expected a number in 0..1'],
  ])('refuses %j', (options, message) => {
    expect(() => shapesDataset(options as object)).toThrow(message);
  });

  it('accepts only one limit, and images too small for the usual sizes', () => {
    const sizes = shapesDataset({ train: 20, size: 16 }).train.flatMap((image) => [...image.objects.boxes]);
    expect(sizes.length).toBeGreaterThan(0);
    const counts = shapesDataset({ train: 20, size: 256, objects: { least: 10 } }).train;
    expect(counts.every(({ objects }) => objects.labels.length <= 10)).toBe(true);
    expect(
      shapesDataset({ train: 9, objects: { most: 0 } }).train.every(({ objects }) => objects.labels.length === 0),
    ).toBe(true);
  });
});
