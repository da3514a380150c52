/** Images on disk: sizes are read from headers, pixels only on request. */
import fs from 'node:fs/promises';
import type { DatasetImage, ImageObjects, RgbImage } from './dataset.ts';
import { decodeImage } from './decode-image.ts';
import { unreadable } from './image-error.ts';
import type { PixelOptions } from './pixel-options.ts';

/** An image of a data set in a folder. */
export class FileImage implements DatasetImage {
  readonly id: number | string;
  readonly name: string;
  /** Absolute path of the file. */
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly objects: ImageObjects;
  readonly pixels?: PixelOptions;

  constructor(image: Omit<FileImage, 'read'>) {
    this.id = image.id;
    this.name = image.name;
    this.path = image.path;
    this.width = image.width;
    this.height = image.height;
    this.objects = image.objects;
    if (image.pixels !== undefined) this.pixels = image.pixels;
  }

  async read(): Promise<RgbImage> {
    let bytes: Buffer;
    try {
      bytes = await fs.readFile(this.path);
    } catch (error) {
      throw unreadable(this.name, error);
    }
    return decodeImage(bytes, this, this.pixels);
  }
}
