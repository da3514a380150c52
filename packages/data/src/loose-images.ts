/** Images on their own, without annotations, to try a trained detector on. */
import path from 'node:path';
import pMap from 'p-map';
import type { ImageObjects, RgbImage } from './dataset.ts';
import { DataError } from './error.ts';
import { describeFault, ImageError } from './image-error.ts';
import { FileImage } from './image-file.ts';
import { isImageName } from './image-formats.ts';
import { headerSize } from './image-header.ts';
import { checkPixelOptions, type PixelOptions } from './pixel-options.ts';
import { Folder, statsOf } from './readers/folder.ts';

/** Images without annotations, and the paths that could not be used. */
export interface LooseImages {
  /** In the order of the paths, within a folder by name; numbered from 1, and named by their paths as given. */
  readonly images: readonly FileImage[];
  /** Paths with nothing to look at: missing, not an image, or a folder without any. */
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/**
 * Opens images without objects. A folder contributes all its images, but not those of its subfolders; a file that is
 * named twice is opened once. Only headers are read: a file whose pixels are damaged is among `images`, and its
 * `read()` rejects with a DataError.
 *
 * @param paths of files and folders
 * @throws DataError if an option is unknown or has an invalid value
 */
export async function looseImages(paths: readonly string[], pixels: PixelOptions = {}): Promise<LooseImages> {
  checkPixelOptions('pixels', pixels);
  const problems: LooseImages['problems'][number][] = [];
  const files = new Map<string, string>();
  for (const name of paths) {
    const stats = statsOf(name);
    const found = stats?.isDirectory() ? imagesIn(name) : [name];
    if (stats === undefined) problems.push({ path: name, message: `there is no ${name}` });
    else if (found.length === 0) problems.push({ path: name, message: `there are no images in the folder ${name}` });
    else for (const file of found) if (!files.has(path.resolve(file))) files.set(path.resolve(file), file);
  }
  const opened = await pMap(
    [...files],
    async ([file, name]) => {
      try {
        return { path: file, name, ...(await headerSize(file, name, pixels)) };
      } catch (error) {
        return { path: name, message: plainly(error, name).message };
      }
    },
    { concurrency: 16 },
  );
  const images: FileImage[] = [];
  for (const file of opened) {
    if (file.message !== undefined) problems.push(file);
    else images.push(new LooseImage({ id: images.length + 1, ...file, pixels }));
  }
  return { images, problems };
}

function imagesIn(folder: string): string[] {
  const names = new Folder(path.resolve(folder)).files(path.resolve(folder));
  return names.filter(isImageName).map((name) => path.join(folder, name));
}

const nothing: ImageObjects = {
  labels: new Int32Array(),
  boxes: new Float64Array(),
  areas: new Float64Array(),
  crowd: new Uint8Array(),
};

class LooseImage extends FileImage {
  constructor(image: Omit<FileImage, 'read' | 'objects'>) {
    super({ ...image, objects: nothing });
  }

  override async read(): Promise<RgbImage> {
    try {
      return await super.read();
    } catch (error) {
      throw plainly(error, this.name);
    }
  }
}

/** The error without the advice for images of a data set. */
function plainly(error: unknown, name: string): Error {
  if (!(error instanceof ImageError)) return error as Error;
  return new DataError(`${name} ${describeFault(error)}`, { cause: error.cause });
}
