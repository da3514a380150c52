/** Writes a data set as COCO: for pycocotools, detectron2 and others, or to look at shapes. */
import fs from 'node:fs/promises';
import path from 'node:path';
import pMap from 'p-map';
import sharp from 'sharp';
import type { Dataset, DatasetImage } from './dataset.ts';
import { DataError } from './error.ts';
import { splitNames } from './readers/read-splits.ts';
import { temporaryNames } from './temporary-name.ts';

/** Images encoded at a time. */
const concurrency = 4;

/** A callback for the progress of an export. */
export interface ExportOptions {
  /** Called after each image. */
  readonly progress?: (done: number, total: number) => void;
}

/**
 * Writes `annotations/instances_train.json` and so on, and the images as PNG into `train/` and so on. Splits without
 * images are left out. Boxes and areas keep every digit; categories and images keep their ids.
 *
 * The folder appears when everything is written: until then the files are in a temporary folder next to it, which is
 * removed if something fails.
 *
 * @param folder a new or empty folder
 * @throws DataError if the folder is not empty or cannot be written to, or an image cannot be read
 */
export async function exportCoco(dataset: Dataset, folder: string, options: ExportOptions = {}): Promise<void> {
  const target = path.resolve(folder);
  let beside: string | undefined;
  try {
    await requireEmpty(target, folder);
    await fs.mkdir(path.dirname(target), { recursive: true });
    beside = await makeBeside(target);
    await writeSplits(dataset, beside, options);
    // On Windows, an empty target would stop the rename; one that was filled in the meantime is kept.
    await fs.rmdir(target).catch((error: unknown) => {
      if (!(isSystemError(error) && error.code === 'ENOENT')) throw error;
    });
    await fs.rename(beside, target);
  } catch (error) {
    // The first failure matters more than one while clearing up.
    if (beside !== undefined) await fs.rm(beside, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    if (error instanceof DataError || !isSystemError(error)) throw error;
    throw new DataError(`${folder} cannot be written (${error.code}): expected a place to write to with room for it`);
  }
}

/** Makes a folder with a unique name in the parent of the target. */
async function makeBeside(target: string): Promise<string> {
  let taken: unknown;
  for (const name of temporaryNames(path.basename(target))) {
    const beside = path.join(path.dirname(target), name);
    try {
      await fs.mkdir(beside);
      return beside;
    } catch (error) {
      if (!(isSystemError(error) && error.code === 'EEXIST')) throw error;
      taken = error;
    }
  }
  throw taken;
}

async function writeSplits(dataset: Dataset, folder: string, { progress }: ExportOptions): Promise<void> {
  await fs.mkdir(path.join(folder, 'annotations'));
  const splits = splitNames.filter((split) => dataset[split].length > 0);
  const total = splits.reduce((sum, split) => sum + dataset[split].length, 0);
  let done = 0;
  for (const split of splits) {
    await fs.mkdir(path.join(folder, split));
    const names = fileNames(dataset[split]);
    await pMap(
      dataset[split],
      async (image, n) => {
        const { data, width, height } = await image.read();
        const png = sharp(data, { raw: { width, height, channels: 3 } }).png();
        await fs.writeFile(path.join(folder, split, names[n] as string), await png.toBuffer());
        progress?.(++done, total);
      },
      { concurrency },
    );
    const file = path.join(folder, 'annotations', `instances_${split}.json`);
    await fs.writeFile(file, JSON.stringify(cocoOf(dataset, dataset[split])));
  }
}

async function requireEmpty(target: string, folder: string): Promise<void> {
  const entries = await fs.readdir(target).catch((error: unknown) => {
    if (isSystemError(error) && error.code === 'ENOENT') return [];
    if (isSystemError(error) && error.code === 'ENOTDIR') {
      throw new DataError(`${folder} is a file or inside one: expected a new or empty folder`);
    }
    throw error;
  });
  if (entries.length > 0) {
    throw new DataError(`${folder} already holds ${entries[0]}: expected a new or empty folder`);
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';

/**
 * File names by id, or by position where an id is a text: the data set's own names may not be unique, nor end in
 * `.png`.
 *
 * @param images the images of a split
 */
function fileNames(images: readonly DatasetImage[]): string[] {
  const byId = images.every(({ id }) => typeof id === 'number');
  return images.map(({ id }, n) => `${String(byId ? id : n + 1).padStart(6, '0')}.png`);
}

function cocoOf({ name, categories }: Dataset, images: readonly DatasetImage[]) {
  let annotationId = 0;
  const names = fileNames(images);
  return {
    info: { description: name },
    categories: categories.map(({ id, name }) => ({ id, name })),
    images: images.map((image, n) => ({
      id: image.id,
      file_name: names[n],
      width: image.width,
      height: image.height,
    })),
    annotations: images.flatMap(({ id, objects: { labels, boxes, areas, crowd } }) =>
      Array.from(labels, (label, n) => ({
        id: ++annotationId,
        image_id: id,
        category_id: categories[label]?.id,
        bbox: [...boxes.subarray(4 * n, 4 * n + 4)],
        area: areas[n],
        iscrowd: crowd[n],
      })),
    ),
  };
}
