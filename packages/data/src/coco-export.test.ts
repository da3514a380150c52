import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportCoco } from './coco-export.ts';
import type { Dataset, DatasetImage } from './dataset.ts';
import { DataError } from './error.ts';
import { openDataset } from './open.ts';
import { shapesDataset } from './shapes/shapes.ts';

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'export '));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const shapes = shapesDataset({ train: 6, val: 3, size: 24, classes: 4 });

describe('exportCoco', () => {
  it('writes files that openDataset reads back to the last digit and pixel', async () => {
    const out = path.join(folder, 'new', 'shapes');
    const told: number[] = [];
    await exportCoco(shapes, out, { progress: (done, total) => told.push(done / total) });
    expect(told).toHaveLength(9);
    expect(told.at(-1)).toBe(1);
    expect(fs.readdirSync(out).sort()).toEqual(['annotations', 'train', 'val']);
    expect(fs.readdirSync(path.join(folder, 'new'))).toEqual(['shapes']);

    const { dataset, problems, notices } = await openDataset(out);
    expect([problems, notices]).toEqual([[], []]);
    expect(dataset.format).toBe('coco');
    expect(dataset.categories).toEqual(shapes.categories);
    for (const split of ['train', 'val'] as const) {
      expect(dataset[split].map(({ id }) => id)).toEqual(shapes[split].map(({ id }) => id));
      for (const [n, image] of dataset[split].entries()) {
        const original = shapes[split][n] as DatasetImage;
        const { ids, ...objects } = image.objects;
        expect(objects).toEqual(original.objects);
        expect(ids?.length ?? 0).toBe(objects.labels.length);
        expect([...(await image.read()).data]).toEqual([...(await original.read()).data]);
      }
    }
  });

  it('keeps ids that are texts, which are not used as file names', async () => {
    const ids = ['2024/frame:1', 'x'.repeat(300), '007'];
    const train = shapes.train
      .slice(0, 3)
      .map((image, n) => ({ ...image, id: ids[n] as string, read: () => image.read() }));
    const out = path.join(folder, 'texts');
    await exportCoco({ ...shapes, train }, out);
    expect(fs.readdirSync(path.join(out, 'train'))).toEqual(['000001.png', '000002.png', '000003.png']);
    const { dataset } = await openDataset(out);
    expect(dataset.train.map(({ id }) => id).sort()).toEqual(ids.toSorted());
  });

  it('keeps crowds, areas and ids of any data set', async () => {
    const [first, second] = shapes.train as [DatasetImage, DatasetImage];
    const objects = {
      labels: Int32Array.of(1, 0),
      boxes: Float64Array.of(1.25, 2, 3, 4, 0, 0, 24, 24),
      areas: Float64Array.of(7.5, 300),
      crowd: Uint8Array.of(0, 1),
    };
    const categories = [
      { id: 7, name: 'Zelle' },
      { id: 90, name: 'Blutkörperchen' },
    ];
    const dataset: Dataset = {
      ...shapes,
      categories,
      train: [{ ...first, id: 4711, objects }],
      val: [],
      test: [{ ...second, id: 3, objects }],
    };
    const out = path.join(folder, 'other');
    fs.mkdirSync(out);
    await exportCoco(dataset, out);
    const { dataset: read } = await openDataset(out);
    expect(read.categories).toEqual(categories);
    expect([read.train[0]?.id, read.test[0]?.id]).toEqual([4711, 3]);
    expect(read.train[0]?.objects).toEqual({ ...objects, ids: Float64Array.of(1, 2) });
  });

  it('writes neither into a folder that is not empty nor over a file', async () => {
    const out = path.join(folder, 'full');
    fs.mkdirSync(out);
    fs.writeFileSync(path.join(out, 'notes.txt'), 'mine');
    await expect(exportCoco(shapes, out)).rejects.toThrow(
      /full already holds notes.txt: expected a new or empty folder/,
    );
    await expect(exportCoco(shapes, path.join(out, 'notes.txt'))).rejects.toThrow(
      /notes.txt is a file or inside one: expected/,
    );
    expect(fs.readdirSync(out)).toEqual(['notes.txt']);
    expect(fs.readFileSync(path.join(out, 'notes.txt'), 'utf8')).toBe('mine');
  });

  it('leaves nothing behind when it fails', async () => {
    const [first, second] = shapes.train as [DatasetImage, DatasetImage];
    const broken = { ...second, read: () => Promise.reject(new DataError('image 2 is cut off')) };
    const here = path.join(folder, 'failed');
    fs.mkdirSync(here);
    await expect(exportCoco({ ...shapes, train: [first, broken] }, path.join(here, 'out'))).rejects.toThrow(
      new DataError('image 2 is cut off'),
    );
    fs.writeFileSync(path.join(here, 'file'), '');
    await expect(exportCoco(shapes, path.join(here, 'file', 'out'))).rejects.toThrow(/inside one/);
    expect(fs.readdirSync(here)).toEqual(['file']);
  });
});
