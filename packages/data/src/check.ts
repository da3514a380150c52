/** Reads every image of a folder and says what is wrong with it. */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';
import { mapConcurrently } from './concurrently.ts';
import { decodeImage, type FileImage, ImageError, SizeMismatchError, unreadable } from './image-file.ts';
import { type FolderDataset, type OpenOptions, openDataset } from './open.ts';
import { type Problem, problemKinds } from './problem.ts';
import { type SplitName, splitNames } from './readers/read-splits.ts';
import { type SplitSummary, summarise } from './summary.ts';

export interface CheckOptions extends OpenOptions {
  /** told after each image */
  readonly progress?: (done: number, total: number) => void;
}

export interface DatasetReport {
  readonly dataset: FolderDataset;
  readonly notices: readonly string[];
  readonly problems: readonly Problem[];
  readonly summaries: Readonly<Record<SplitName, SplitSummary>>;
  /** false if training would refuse the data set or stop in the middle of it */
  readonly usable: boolean;
}

/**
 * Opens the folder as training does, and reads all images as training does.
 *
 * @throws DataError as `openDataset` does
 */
export async function checkDataset(folder: string, options: CheckOptions = {}): Promise<DatasetReport> {
  const { dataset, notices, problems: opening } = await openDataset(folder, options);
  const problems = [...opening];
  const all = splitNames.flatMap((split) => dataset[split].map((image) => ({ image, split })));
  let done = 0;
  const inspected = await mapConcurrently(all, 8, async ({ image }) => {
    const result = await inspect(image);
    options.progress?.(++done, all.length);
    return result;
  });
  const first = new Map<string, { image: FileImage; split: SplitName }>();
  for (const [n, { hash, problems: own }] of inspected.entries()) {
    problems.push(...own);
    const here = all[n] as { image: FileImage; split: SplitName };
    const there = first.get(hash);
    if (there === undefined) first.set(hash, here);
    // One file under two entries was reported when the folder was opened.
    else if (there.image.path !== here.image.path) {
      const kind = there.split === here.split ? 'same-image-twice' : 'leakage';
      const message = `in ${here.split}; the same bytes as ${there.image.name} in ${there.split}`;
      problems.push({ kind, file: here.image.name, message });
    }
  }
  const classCount = dataset.categories.length;
  const summaries = {
    train: summarise(dataset.train, classCount),
    val: summarise(dataset.val, classCount),
    test: summarise(dataset.test, classCount),
  };
  const usable = problems.every(({ kind }) => problemKinds[kind].effect !== 'refuse');
  return { dataset, notices, problems, summaries, usable };
}

async function inspect(image: FileImage): Promise<{ hash: string; problems: Problem[] }> {
  const problems: Problem[] = [];
  const report = (kind: Problem['kind'], message: string): void => {
    problems.push({ kind, file: image.name, message });
  };
  // Of an image that cannot be read, nothing is the same as of another.
  let hash = image.name;
  try {
    const bytes = await fs.readFile(image.path).catch((error: unknown) => {
      throw unreadable(image.name, error);
    });
    hash = createHash('sha256').update(bytes).digest('hex');
    await decodeImage(bytes, image);
    for (const [kind, message] of conversions(await sharp(bytes).metadata(), image)) report(kind, message);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    report(error instanceof SizeMismatchError ? 'size-mismatch' : 'unreadable-image', `it ${error.fault}`);
  }
  return { hash, problems };
}

function conversions(metadata: Metadata, { width, height }: FileImage): [Problem['kind'], string][] {
  const { orientation = 1, autoOrient, space, depth, hasAlpha, pages = 1 } = metadata;
  const found: [Problem['kind'], string][] = [];
  if (orientation > 1) {
    const upright = autoOrient.width === width && autoOrient.height === height;
    const used = upright ? 'turned upright' : `annotated as ${width} × ${height}, so used as stored`;
    found.push(['exif-rotation', `orientation ${orientation}: ${used}`]);
  }
  if (space === 'cmyk') found.push(['cmyk', 'CMYK']);
  if (space === 'b-w' || space === 'grey16') found.push(['greyscale', 'one channel']);
  if (depth !== 'uchar') found.push(['sixteen-bit', `${depth} values`]);
  if (hasAlpha) found.push(['alpha', 'it has an alpha channel']);
  if (pages > 1) found.push(['animated', `${pages} frames`]);
  return found;
}
