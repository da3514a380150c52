import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkDataset } from '@dn-detr/data';
import { smallConfig } from '@dn-detr/testing/small-run';
import { afterEach, describe, expect, it } from 'vitest';
import { allImages, loadersOf, openRunData } from './run-data.ts';

const photo = fileURLToPath(new URL('../../../test/fixtures/data/bccd/images/BloodImage_00134.jpg', import.meta.url));
const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

type Annotation = { readonly bbox?: readonly number[]; readonly iscrowd?: number };

/** The number of objects of each image, by split. */
function folderOf(splits: Readonly<Record<string, readonly (readonly Annotation[])[]>>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'run-data-'));
  made.push(folder);
  mkdirSync(path.join(folder, 'images'));
  for (const [split, objects] of Object.entries(splits)) {
    const images = objects.map((_, n) => ({ id: n + 1, file_name: `${split}${n}.jpg`, width: 320, height: 240 }));
    for (const { file_name } of images) cpSync(photo, path.join(folder, 'images', file_name));
    const annotations = objects.flatMap((list, n) =>
      list.map((object, k) => ({
        id: 10 * n + k + 1,
        image_id: n + 1,
        category_id: 1,
        bbox: [10, 10, 40, 40],
        iscrowd: 0,
        ...object,
      })),
    );
    const categories = [{ id: 1, name: 'cell' }];
    writeFileSync(path.join(folder, `${split}.json`), JSON.stringify({ images, annotations, categories }));
  }
  return folder;
}

const crowd = { iscrowd: 1 };
const empty = { bbox: [10, 10, 0, 40] };
const outside = { bbox: [400, 10, 40, 40] };

describe('openRunData', () => {
  it.each([
    ['objects in both splits', { train: [[{}], []], val: [[{}]] }, true],
    ['no val, but enough images to split off some', { train: [[{}], [{}], [{}]] }, true],
    ['no val, and one image', { train: [[{}]] }, false],
    ['a val without images', { train: [[{}]], val: [] }, false],
    ['a val without objects', { train: [[{}]], val: [[]] }, true],
    ['a val of crowds', { train: [[{}]], val: [[crowd]] }, true],
    ['a train without images', { train: [], val: [[{}]] }, false],
    ['no train', { val: [[{}]] }, false],
    ['a train without objects', { train: [[]], val: [[{}]] }, false],
    ['a train of crowds', { train: [[crowd]], val: [[{}]] }, false],
    ['a train of boxes that are empty or outside', { train: [[empty], [outside]], val: [[{}]] }, false],
    [
      'a train with one box that counts',
      {
        train: [
          [empty, {}],
          [outside, crowd],
        ],
        val: [[empty]],
      },
      true,
    ],
  ])('accepts or refuses the same data as the check: %s', async (_, splits, expected) => {
    const source = folderOf(splits);
    const { usable } = await checkDataset(source);
    const opened = await openRunData(smallConfig({ 'data.source': source })).then(
      () => true,
      (error: Error) => {
        expect(error.message).toMatch(/ has no (?:training|validation) images/);
        return false;
      },
    );
    expect([usable, opened]).toEqual([expected, expected]);
  });

  it('overfits training images without any validation images, but not without objects', async () => {
    const source = folderOf({ train: [[{}]], val: [] });
    const { train, val } = await openRunData(smallConfig({ 'data.source': source, overfit: 1 }));
    expect(val).toEqual(train);
    const nothing = folderOf({ train: [[]], val: [[{}]] });
    await expect(openRunData(smallConfig({ 'data.source': nothing, overfit: 1 }))).rejects.toThrow(
      /has no training images with an object/,
    );
  });
});

it('sizes a longSide canvas for the images of all splits, and normalises pixels for the backbone', async () => {
  const config = smallConfig({
    'data.source': folderOf({ train: [[{}]], val: [[{}]] }),
    'data.canvas': { longSide: 64 },
  });
  const { dataset, train } = await openRunData(config);
  const normalization = { mean: [0, 0, 0], std: [0.5, 0.5, 0.5] } as const;
  const first = async (framed: readonly { width: number; height: number }[]) => {
    const batches = loadersOf(config, { normalization }, framed).training(train).from(0);
    const { value } = await batches.next();
    await batches.return(undefined);
    return value;
  };
  const batch = await first(allImages(dataset));
  expect(batch).toMatchObject({ width: 64, height: 48, padding: undefined });
  expect(Math.max(...(batch?.images ?? []))).toBeGreaterThan(1.5);
  expect(Math.min(...(batch?.images ?? []))).toBeGreaterThanOrEqual(0);
  expect(await first([...allImages(dataset), { width: 30, height: 40 }])).toMatchObject({ width: 64, height: 64 });
});
