/** The options that say how a data set's folder is read, shared by the commands of `data`. */
import { type FolderFormat, folderFormats, type OpenOptions, type PixelOptions } from '@dn-detr/data';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { fromOne } from './run-options.ts';

export interface FolderOptions {
  format?: FolderFormat;
  vocOrigin?: '0' | '1';
  bands?: readonly [number, number, number];
  maxPixels?: number;
}

/** The names of the options on the command line, by those that commander gives them. */
export const folderFlags: Readonly<Record<keyof FolderOptions, string>> = {
  format: '--format',
  vocOrigin: '--voc-origin',
  bands: '--bands',
  maxPixels: '--max-pixels',
};

export const addFolderOptions = (command: Command): Command =>
  addPixelOptions(
    command
      .addOption(new Option('--format <format>', 'which annotations to read where several lie').choices(folderFormats))
      .addOption(
        new Option(
          '--voc-origin <number>',
          "what VOC boxes call the first pixel: 1 in VOC's own files (default: 0)",
        ).choices(['0', '1']),
      ),
  );

/** The options that say how image files become pixels. */
export const addPixelOptions = (command: Command): Command =>
  command
    .option(
      '--bands <red,green,blue>',
      'of images with four or more bands, those to take, counted from 1: 4,3,2 (default: the first three of four)',
      bands,
    )
    .option('--max-pixels <count>', 'images with more pixels are left out (default: 268402689)', fromOne);

/** Those of them that are given. */
export const pixelOptions = ({ bands, maxPixels }: Pick<FolderOptions, 'bands' | 'maxPixels'>): PixelOptions => ({
  ...(bands && { bands }),
  ...(maxPixels !== undefined && { maxPixels }),
});

export const openOptions = ({ format, vocOrigin, ...pixels }: FolderOptions): OpenOptions => ({
  ...(format && { format }),
  vocOrigin: vocOrigin === '1' ? 1 : 0,
  pixels: pixelOptions(pixels),
});

function bands(text: string): readonly [number, number, number] {
  const [red, green, blue, ...more] = text.split(',').map(Number);
  const all = [red, green, blue].every((band) => Number.isSafeInteger(band) && (band as number) >= 1);
  if (all && more.length === 0) return [red as number, green as number, blue as number];
  throw new InvalidArgumentError('expected three numbers of bands, counted from 1, such as 4,3,2');
}
