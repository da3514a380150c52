import type { Objects } from '@dn-detr/boxes';
import { describe, expect, it } from 'vitest';
import type { DatasetImage, RgbImage } from '../dataset.ts';
import { DataError } from '../error.ts';
import { shapesDataset } from '../shapes/shapes.ts';
import { detrTransforms } from '../transforms/augmentation.ts';
import { boxesInImage, type View } from '../transforms/view.ts';

import { ImageCache } from './cache.ts';
import { evaluationBatches, type TrainingBatch, trainingBatches } from './loader.ts';

/** ImageNet's statistics. */
const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

const shapes = shapesDataset({ train: 21, val: 10, size: 32 });

/** A black image with one white object, at a place that depends on the id. */
const image = (id: number, width: number, height: number): DatasetImage => {
  const box = [2 + (id % 5), 3 + (id % 4), 8, 9] as const;
  return {
    id,
    name: `image ${id}`,
    width,
    height,
    objects: {
      labels: Int32Array.of(id % 3),
      boxes: Float64Array.from(box),
      areas: Float64Array.of(72),
      crowd: Uint8Array.of(0),
    },
    read: async (): Promise<RgbImage> => {
      const data = new Uint8Array(3 * width * height);
      for (let y = box[1]; y < box[1] + box[3]; y++)
        data.fill(255, 3 * (y * width + box[0]), 3 * (y * width + box[0] + box[2]));
      return { width, height, data };
    },
  };
};

async function take(batches: AsyncGenerator<TrainingBatch, void>, count: number): Promise<TrainingBatch[]> {
  const taken: TrainingBatch[] = [];
  while (taken.length < count) taken.push((await batches.next()).value as TrainingBatch);
  await batches.return();
  return taken;
}

const augmentation = {
  flip: 0.5,
  crop: { least: 0.6, most: 1 },
  jitter: { brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1 },
};

describe('trainingBatches', () => {
  it('sees every image once an epoch, filling up the last batch', async () => {
    const { from, stepsPerEpoch, batchSize } = trainingBatches(shapes.train, { normalization, batchSize: 4, seed: 1 });
    expect([stepsPerEpoch, batchSize]).toEqual([6, 4]);
    const batches = await take(from(0), 12);
    expect(batches.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(batches.map(({ epoch }) => epoch)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    for (const epoch of [0, 1]) {
      const ids = batches.slice(6 * epoch, 6 * epoch + 6).flatMap(({ sources }) => sources.map(({ id }) => id));
      expect(ids.length).toBe(24);
      expect(new Set(ids).size).toBe(21);
    }
  });

  it('continues from any step as a run from the first would', async () => {
    const options = {
      normalization,
      batchSize: 4,
      seed: 5,
      canvas: { width: 40, height: 40 },
      scale: [24, 32, 48],
      augmentation,
    };
    const whole = await take(trainingBatches(shapes.train, options).from(0), 9);
    const cached = { ...options, cache: new ImageCache(20 * 3 * 32 * 32), ahead: 0 };
    const resumed = await take(trainingBatches(shapes.train, cached).from(4), 5);
    expect(resumed).toEqual(whole.slice(4));
    const other = await take(trainingBatches(shapes.train, { ...options, seed: 6 }).from(0), 1);
    expect(other[0]?.images).not.toEqual(whole[0]?.images);
    expect(new Set(whole.map(({ images }) => images.length)).size).toBe(1);
  });

  it('only normalises images that need no other change', async () => {
    const [batch] = (await take(
      trainingBatches(shapes.train, { normalization, batchSize: 3, seed: 0 }).from(0),
      1,
    )) as [TrainingBatch];
    expect(batch).toMatchObject({ width: 32, height: 32, padding: undefined });
    const { data } = await (batch.sources[1] as DatasetImage).read();
    const found = batch.images.subarray(3 * 32 * 32, 2 * 3 * 32 * 32);
    const expected = Float32Array.from(data, (value, i) => {
      const c = i % 3;
      return (value / 255 - (normalization.mean[c] as number)) / (normalization.std[c] as number);
    });
    expect(found).toEqual(expected);
  });

  it('shows objects where the targets place them', async () => {
    const images = Array.from({ length: 6 }, (_, id) => image(id, 40 + id, 30));
    const options = { normalization, batchSize: 6, seed: 2, canvas: { width: 64, height: 64 }, scale: [30, 40] };
    const batches = await take(trainingBatches(images, { ...options, augmentation: { flip: 0.5 } }).from(0), 8);
    for (const { targets, views, images: pixels, padding, sources } of batches) {
      for (const [b, view] of views.entries()) {
        const source = sources[b] as DatasetImage;
        const { labels, boxes } = targets[b] as Objects<Int32Array, Float32Array>;
        expect([...labels]).toEqual([Number(source.id) % 3]);
        const [cx, cy, w] = boxes as unknown as [number, number, number];
        const value = (x: number, y: number) => pixels[3 * (64 * (64 * b + Math.floor(y)) + Math.floor(x))] as number;
        const [x0, x1] = [(cx - w / 2) * view.width, (cx + w / 2) * view.width];
        const y = cy * view.height;
        const [black, white] = [-0.485 / 0.229, (1 - 0.485) / 0.229];
        for (const [x, expected] of [
          [x0 - 2, black],
          [x0 + 2, white],
          [x1 - 2, white],
          [x1 + 2, black],
        ] as const) {
          if (x >= 0 && x < view.width) expect(value(x, y)).toBeCloseTo(expected, 1);
        }
        expect(value(view.width + 1, 5)).toBe(0);
        expect(padding?.[64 * (64 * b + 5) + view.width - 1]).toBe(0);
        expect(padding?.[64 * (64 * b + 5) + view.width]).toBe(1);
        expect(padding?.[64 * (64 * b + view.height) + 5]).toBe(1);
        const back = boxesInImage(boxes, view);
        for (const [i, coordinate] of back.entries()) {
          expect(coordinate).toBeCloseTo(source.objects.boxes[i] as number, 3);
        }
      }
    }
  });

  it('reduces large images to a smaller size first, with or without a cache', async () => {
    const [width, height] = [1000, 750];
    const box = { x: 400, y: 300, width: 200, height: 150 };
    const large: DatasetImage = {
      ...image(0, width, height),
      objects: {
        labels: Int32Array.of(0),
        boxes: Float64Array.from(Object.values(box)),
        areas: Float64Array.of(30_000),
        crowd: Uint8Array.of(0),
      },
      read: async () => {
        const data = new Uint8Array(3 * width * height);
        for (let y = box.y; y < box.y + box.height; y++)
          data.fill(255, 3 * (y * width + box.x), 3 * (y * width + box.x + box.width));
        return { width, height, data };
      },
    };
    const canvas = { width: 100, height: 100 };
    const options = {
      normalization,
      batchSize: 1,
      seed: 0,
      canvas,
      augmentation: { flip: 0.5, crop: { probability: 1, least: 0.7, most: 1.1 } },
    };
    const cache = new ImageCache(1e6);
    const batches = await take(trainingBatches([large], { ...options, cache }).from(0), 8);
    // 2 × 0.1 / 0.7 of each side.
    expect(cache.bytes).toBe(3 * 286 * 214);
    expect(await take(trainingBatches([large], options).from(0), 8)).toEqual(batches);
    let whole = 0;
    for (const { images, targets, views } of batches) {
      const [view, target] = [views[0], targets[0]] as [View, Objects];
      const [cx, cy, w, h] = target.boxes as unknown as [number, number, number, number];
      let [sum, x, y] = [0, 0, 0];
      for (let i = 0; i < 100 * 100; i++) {
        const part = images[3 * i] === 0 ? 0 : (images[3 * i] as number) * 0.229 + 0.485;
        sum += part;
        x += part * ((i % 100) + 0.5);
        y += part * (Math.floor(i / 100) + 0.5);
      }
      if (w * view.source.width < 199 || h * view.source.height < 149) continue;
      whole++;
      expect(Math.abs(x / sum - cx * view.width)).toBeLessThan(0.2);
      expect(Math.abs(y / sum - cy * view.height)).toBeLessThan(0.2);
    }
    expect(whole).toBeGreaterThan(4);
  });

  it('uses few sizes, and marks padding in all batches or in none', async () => {
    const mixed = Array.from({ length: 24 }, (_, id) =>
      id % 3 === 0 ? image(id, 40, 60 + (id % 4)) : image(id, 60 + (id % 4), 40),
    );
    const sizesOf = (batches: TrainingBatch[]) => new Set(batches.map(({ width, height }) => `${width}x${height}`));
    const options = { normalization, batchSize: 4, seed: 0 };
    const grouped = await take(trainingBatches(mixed, { ...options, canvas: { multipleOf: 32 } }).from(0), 12);
    expect([...sizesOf(grouped)]).toEqual(['64x64']);
    const fine = await take(trainingBatches(mixed, { ...options, canvas: { multipleOf: 8 } }).from(0), 12);
    expect([...sizesOf(fine)].sort()).toEqual(['40x64', '64x40']);
    expect(fine.every(({ padding }) => padding !== undefined)).toBe(true);
    const fixed = await take(trainingBatches(mixed, { ...options, canvas: { width: 48, height: 48 } }).from(0), 6);
    expect([...sizesOf(fixed)]).toEqual(['48x48']);

    const even = Array.from({ length: 8 }, (_, id) => image(id, 64, 32));
    for (const [more, padded] of [
      [{}, false],
      [{ canvas: { width: 128, height: 64 } }, false],
      [{ canvas: { width: 128, height: 128 } }, true],
      [{ canvas: { width: 64, height: 32 }, augmentation: { crop: { least: 0.9, most: 1 } } }, true],
      [{ scale: [16, 32] }, true],
      [{ canvas: { multipleOf: 48 } }, true],
    ] as const) {
      const batches = await take(trainingBatches(even, { ...options, ...more }).from(0), 3);
      expect(batches.map(({ padding }) => padding !== undefined)).toEqual([padded, padded, padded]);
    }
  });

  it("runs DETR's own transforms", async () => {
    const images = [image(0, 120, 90), image(1, 120, 90)];
    const [batch] = await take(
      trainingBatches(images, { normalization, batchSize: 2, seed: 0, ...detrTransforms.training }).from(3),
      1,
    );
    for (const { width, height } of batch?.views ?? []) {
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(440);
      expect(Math.max(width, height)).toBeLessThanOrEqual(1333);
    }
    expect((batch?.width ?? 1) % 32).toBe(0);
  });

  it('leaves crowds and boxes without area out of the targets', async () => {
    const plain = image(1, 40, 30);
    const objects = {
      labels: Int32Array.of(0, 1, 2),
      boxes: Float64Array.of(0, 0, 9, 9, 5, 5, 0, 8, 10, 10, 50, 50),
      areas: Float64Array.of(81, 0, 2500),
      crowd: Uint8Array.of(1, 0, 0),
    };
    const [batch] = await take(
      trainingBatches([{ ...plain, objects }], { normalization, batchSize: 1, seed: 0 }).from(0),
      1,
    );
    expect(batch?.targets).toEqual([
      { labels: Int32Array.of(2), boxes: Float32Array.of(25 / 40, 20 / 30, 30 / 40, 20 / 30) },
    ]);
  });

  it('rejects with the error of a failed read, and ends', async () => {
    const broken = { ...image(3, 40, 30), read: () => Promise.reject(new DataError('image 3 is cut off')) };
    const images = [image(0, 40, 30), image(1, 40, 30), image(2, 40, 30), broken];
    const batches = trainingBatches(images, { normalization, batchSize: 1, seed: 0 }).from(0);
    let good = 0;
    const all = (async () => {
      for await (const batch of batches) good += batch.sources.length;
    })();
    await expect(all).rejects.toThrow(new DataError('image 3 is cut off'));
    expect(good).toBeLessThan(4);
    expect(await batches.next()).toEqual({ value: undefined, done: true });
  });

  it('accepts a set smaller than a batch, but not an empty one', async () => {
    const { batchSize, stepsPerEpoch, from } = trainingBatches(shapes.train.slice(0, 3), {
      normalization,
      batchSize: 16,
      seed: 0,
    });
    expect([batchSize, stepsPerEpoch]).toEqual([3, 1]);
    expect((await take(from(7), 1))[0]).toMatchObject({ step: 7, epoch: 7 });
    expect(() => trainingBatches([], { normalization, batchSize: 1, seed: 0 })).toThrow(
      'there are no images to train on',
    );
  });

  it('loads other contents in place of pixels, which are read only on request', async () => {
    const read: string[] = [];
    const counted = shapes.train.map((image) => ({
      ...image,
      read: () => {
        read.push(image.name);
        return image.read();
      },
    }));
    const options = {
      normalization,
      batchSize: 4,
      seed: 3,
      canvas: { width: 40, height: 32 },
      augmentation: { flip: 0.5 },
    };
    const [plain] = (await take(trainingBatches(shapes.train, options).from(2), 1)) as [TrainingBatch];
    const batches = trainingBatches(counted, {
      ...options,
      ahead: 0,
      load: async (items, { width, height }, pixels) => {
        const write = await pixels(1);
        return () => {
          const second = new Float32Array(3 * width * height);
          write(second);
          return { flips: items.map(({ view }) => view.flip), second };
        };
      },
    }).from(2);
    const { value } = await batches.next();
    await batches.return(undefined);
    if (!value) throw new Error('no batch');
    const { flips, second, ...items } = value;
    const { images, ...expected } = plain;
    expect(flips).toEqual(plain.views.map(({ flip }) => flip));
    expect(second).toEqual(images.subarray(3 * 32 * 40, 2 * 3 * 32 * 40));
    expect({ ...items, sources: items.sources.map(({ name }) => name) }).toEqual({
      ...expected,
      sources: plain.sources.map(({ name }) => name),
    });
    expect(read).toEqual([plain.sources[1]?.name]);
  });

  it('frees the batches it makes', async () => {
    const cache = new ImageCache(1e6);
    const batches = trainingBatches(shapes.train, {
      normalization,
      batchSize: 8,
      seed: 0,
      cache,
      canvas: { width: 192, height: 192 },
    }).from(0);
    await batches.next();
    const before = process.memoryUsage().arrayBuffers;
    // 3.5 MB each: 80 of them would be 283.
    for (let i = 0; i < 80; i++) await batches.next();
    await batches.return();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150e6);
    expect(cache.bytes).toBe(21 * 3 * 32 * 32);
  });

  it.each([
    [{ normalization, batchSize: 0, seed: 0 }, 'trainingBatches.batchSize is 0: expected a whole number from 1'],
    [
      { normalization, batchSize: 1, seed: 0, cacheBytes: 5 },
      "trainingBatches has no option 'cacheBytes': expected batchSize, canvas",
    ],
    [{ normalization, batchSize: 1 }, 'trainingBatches.seed is undefined: expected a whole number from 0'],
    [
      { normalization, batchSize: 1, seed: 0, augmentation: { flip: -1 } },
      'trainingBatches.augmentation.flip is -1: expected a number in 0..1',
    ],
    [
      { batchSize: 1, seed: 0, normalization: { mean: [0, 0, 0], std: [1, 0, 1] } },
      'trainingBatches.normalization.std is 0',
    ],
    [
      { normalization, batchSize: 1, seed: 0, cache: 5 },
      'trainingBatches.cache is 5: expected an ImageCache, such as new ImageCache(500e6)',
    ],
    [{ batchSize: 1, seed: 0 }, 'trainingBatches.normalization is undefined: expected { mean, std } of the channels'],
    [
      { normalization, batchSize: 1, seed: 0, ahead: 0.5 },
      'trainingBatches.ahead is 0.5: expected a whole number from 0',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => trainingBatches(shapes.train, options as never)).toThrow(message);
  });
});

describe('evaluationBatches', () => {
  it('yields every image once, in batches of one size', async () => {
    const ids: DatasetImage['id'][] = [];
    const counts: number[] = [];
    for await (const batch of evaluationBatches(shapes.val, { normalization, batchSize: 4 })) {
      expect(batch).toMatchObject({ width: 32, height: 32, padding: undefined });
      expect(batch.images.length).toBe(4 * 32 * 32 * 3);
      expect([batch.targets.length, batch.sources.length, batch.views.length]).toEqual([4, 4, 4]);
      counts.push(batch.count);
      ids.push(...batch.sources.slice(0, batch.count).map(({ id }) => id));
    }
    expect(ids).toEqual(shapes.val.map(({ id }) => id));
    expect(counts).toEqual([4, 4, 2]);
  });

  it('keeps landscape and portrait images apart, and scales as DETR does', async () => {
    const images = Array.from({ length: 5 }, (_, id) => (id % 2 === 0 ? image(id, 48, 36) : image(id, 36, 48)));
    const sizes: string[] = [];
    for await (const { width, height, count, views } of evaluationBatches(images, {
      normalization,
      batchSize: 2,
      ...detrTransforms.evaluation,
    })) {
      sizes.push(`${count}: ${width}x${height}`);
      for (const view of views) expect(Math.min(view.width, view.height)).toBe(800);
    }
    expect(sizes).toEqual(['2: 1088x800', '1: 1088x800', '2: 800x1088']);
  });

  it('yields nothing without images, and stops on return', async () => {
    expect(await evaluationBatches([], { normalization, batchSize: 4 }).next()).toEqual({
      value: undefined,
      done: true,
    });
    const batches = evaluationBatches(shapes.val, { normalization, batchSize: 1 });
    await batches.next();
    await batches.return();
    expect((await batches.next()).done).toBe(true);
    expect(() => evaluationBatches(shapes.val, { normalization, batchSize: 1, scale: [1] as never })).toThrow(
      'evaluationBatches.scale is [1]',
    );
    expect(() => evaluationBatches(shapes.val, { normalization, batchSize: 1, seed: 1 } as never)).toThrow(
      "no option 'seed'",
    );
  });
});
