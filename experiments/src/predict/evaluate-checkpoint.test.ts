import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { smallConfig } from '@dn-detr/testing/small-run';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryStream } from '../testing/memory-stream.ts';
import { cocoResults, openSplit } from './evaluate-checkpoint.ts';
import type { Trained } from './trained.ts';

const photo = fileURLToPath(new URL('../../../test/fixtures/data/bccd/images/BloodImage_00134.jpg', import.meta.url));
const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

type Ids = Readonly<Record<string, number | string>>;

/** A COCO folder whose splits number their classes as given, with an object of each class. */
function folderOf(splits: Readonly<Record<'train' | 'val', Ids>>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'evaluate-'));
  made.push(folder);
  mkdirSync(path.join(folder, 'images'));
  for (const [split, ids] of Object.entries(splits)) {
    const file_name = `${split}.jpg`;
    cpSync(photo, path.join(folder, 'images', file_name));
    const entries = Object.entries(ids);
    const json = {
      images: [{ id: `${split}-1`, file_name, width: 320, height: 240 }],
      annotations: entries.map(([, category_id], n) => ({
        ...{ id: n + 1, image_id: `${split}-1`, category_id, bbox: [40 * n, 10, 30, 30] },
      })),
      categories: entries.map(([name, id]) => ({ id, name })),
    };
    writeFileSync(path.join(folder, `${split}.json`), JSON.stringify(json));
  }
  return folder;
}

describe('detections as COCO has them', () => {
  it.each<[string, Ids, Ids]>([
    ['the same', { ant: 1, bee: 2, cat: 3 }, { ant: 1, bee: 2, cat: 3 }],
    ['permuted', { ant: 1, bee: 2, cat: 3 }, { ant: 3, bee: 1, cat: 2 }],
    ['others', { ant: 1, bee: 2, cat: 3 }, { ant: 10, bee: 20, cat: 30 }],
    ['texts', { ant: 1, bee: 2, cat: 3 }, { ant: 'x', bee: '007', cat: 'z' }],
  ])("have the ids of the split's own file, where these are %s", async (_, train, val) => {
    const folder = folderOf({ train, val });
    const model = ['cat', 'ant', 'bee'].map((name, n) => ({ id: n + 1, name }));
    const trained = { config: smallConfig({}), categories: model } as unknown as Trained;
    const { images, categories } = await openSplit(new MemoryStream(), trained, 'model', folder, 'val');
    const [image] = images;
    if (image === undefined) throw new Error('there is one image');
    // A detector that finds every object.
    const { labels, boxes } = image.objects;
    const detections = { labels, boxes, scores: Float64Array.from(labels, () => 0.5) };
    const found = cocoResults({ categories, results: [{ image, detections }] });
    expect(found).toEqual(
      Object.values(val).map((category_id, n) => ({
        ...{ image_id: 'val-1', category_id, bbox: [40 * n, 10, 30, 30], score: 0.5 },
      })),
    );
  });
});
