/** Reads every image of a folder and reports what is wrong with it. */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import pMap from 'p-map';
import { decodeImage } from './decode-image.ts';
import type { ImageHeader } from './image-description.ts';
import { ImageError, SizeMismatchError, unreadable } from './image-error.ts';
import type { FileImage } from './image-file.ts';
import { choosesBands, imageHeader } from './image-header.ts';
import { type FolderDataset, type OpenOptions, openDataset } from './open.ts';
import { type Problem, problemKinds } from './problem.ts';
import type { DatasetReader } from './readers/dataset-reader.ts';
import { type SplitName, splitNames } from './readers/read-splits.ts';
import type { FolderReader } from './readers/readers.ts';
import { type SplitSummary, summarise } from './summary.ts';

/** How a folder is opened for the check, and a callback for its progress. */
export type CheckOptions<Reader extends DatasetReader = FolderReader> = OpenOptions<Reader> & {
  /** Called after each image. */
  readonly progress?: (done: number, total: number) => void;
};

/** Everything that the check of a folder found. */
export interface DatasetReport {
  readonly dataset: FolderDataset;
  readonly notices: readonly string[];
  readonly problems: readonly Problem[];
  readonly summaries: Readonly<Record<SplitName, SplitSummary>>;
  /** False if training would refuse the data set or stop in the middle of it. */
  readonly usable: boolean;
}

/**
 * Opens the folder and reads all images exactly as training does.
 *
 * @throws DataError as `openDataset` does
 */
export async function checkDataset<Reader extends DatasetReader = FolderReader>(
  folder: string,
  options: CheckOptions<Reader> = {} as CheckOptions<Reader>,
): Promise<DatasetReport> {
  const { dataset, notices: opened, problems: opening, passedOver } = await openDataset(folder, options);
  const notices = passedOver.length === 0 ? opened : [...opened, describePassedOver(passedOver)];
  const problems = [...opening];
  // An image that two splits share is read once.
  const splitOf = new Map<FileImage, SplitName>();
  for (const split of splitNames) {
    for (const image of dataset[split]) if (!splitOf.has(image)) splitOf.set(image, split);
  }
  const all = [...splitOf].map(([image, split]) => ({ image, split }));
  let done = 0;
  const inspected = await pMap(
    all,
    async ({ image }) => {
      const result = await inspect(image);
      options.progress?.(++done, all.length);
      return result;
    },
    { concurrency: 8 },
  );
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

function describePassedOver(names: readonly string[]): string {
  return `hidden and system files or folders that were skipped: ${names.length}, such as ${names[0]}`;
}

async function inspect(image: FileImage): Promise<{ hash: string; problems: Problem[] }> {
  const problems: Problem[] = [];
  const report = (kind: Problem['kind'], message: string): void => {
    problems.push({ kind, file: image.name, message });
  };
  // An image that cannot be read is never the same as another.
  let hash = image.name;
  try {
    const bytes = await fs.readFile(image.path).catch((error: unknown) => {
      throw unreadable(image.name, error);
    });
    hash = createHash('sha256').update(bytes).digest('hex');
    await decodeImage(bytes, image, image.pixels);
    const header = await imageHeader(bytes, image.name, image.pixels);
    for (const [kind, message] of conversions(header, image)) report(kind, message);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    report(error instanceof SizeMismatchError ? 'size-mismatch' : 'unreadable-image', `it ${error.fault}`);
  }
  return { hash, problems };
}

function conversions(header: ImageHeader, { width, height, pixels }: FileImage): [Problem['kind'], string][] {
  const { orientation, upright, colours, bands, depth, alpha, frames } = header;
  const found: [Problem['kind'], string][] = [];
  if (orientation > 1) {
    const turned = upright.width === width && upright.height === height;
    const used = turned ? 'turned upright' : `annotated as ${width} × ${height}, so used as stored`;
    found.push(['exif-rotation', `orientation ${orientation}: ${used}`]);
  }
  if (colours === 'cmyk') found.push(['cmyk', 'CMYK']);
  if (colours === 'grey') found.push(['greyscale', 'one channel']);
  if (depth > 8) found.push(['sixteen-bit', `${depth} bits a channel`]);
  if (pixels?.bands !== undefined && choosesBands(header)) {
    found.push(['extra-bands', `bands ${pixels.bands.join(', ')} of ${bands}`]);
  } else if (alpha) found.push(['alpha', 'it has an alpha channel']);
  else if (bands > (colours === 'grey' ? 1 : colours === 'cmyk' ? 4 : 3)) {
    found.push(['extra-bands', `the first ${colours === 'grey' ? 'band' : 'three bands'} of ${bands}`]);
  }
  if (frames > 1) found.push(['animated', `${frames} frames`]);
  return found;
}
