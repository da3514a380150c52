/** The options that control how a data set's folder is read, shared by the commands of `data`. */
import { type FolderFormat, folderFormats, type OpenOptions, type PixelOptions, readerOptions } from '@dn-detr/data';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { fromOne } from './run-options.ts';

type ReaderOptionName = keyof typeof readerOptions;
const readerOptionNames = Object.keys(readerOptions) as ReaderOptionName[];

/** Options of individual readers are strings, as they were typed. */
export interface FolderOptions extends Partial<Record<ReaderOptionName, string>> {
  format?: FolderFormat;
  bands?: readonly [number, number, number];
  maxPixels?: number;
}

/** Flags by the names that commander derives from them, such as `--voc-origin` for `vocOrigin`. */
const readerFlags = Object.fromEntries(
  readerOptionNames.map((name) => [name, `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`]),
) as Record<ReaderOptionName, string>;

/** Flags of all options by the names that commander derives from them. */
export const folderFlags: Readonly<Record<keyof FolderOptions, string>> = {
  format: '--format',
  ...readerFlags,
  bands: '--bands',
  maxPixels: '--max-pixels',
};

export function addFolderOptions(command: Command): Command {
  command.addOption(
    new Option('--format <format>', 'which annotations to read if there are several').choices(folderFormats),
  );
  for (const name of readerOptionNames) {
    const { meaning, values } = readerOptions[name];
    const flag = `${readerFlags[name]} <${typeof values[0] === 'number' ? 'number' : 'name'}>`;
    command.addOption(new Option(flag, `${meaning} (default: ${values[0]})`).choices(values.map(String)));
  }
  return addPixelOptions(command);
}

/** Adds the options that control how image files are decoded. */
export const addPixelOptions = (command: Command): Command =>
  command
    .option(
      '--bands <red,green,blue>',
      'which bands to use of images with four or more, counted from 1: 4,3,2 (default: the first three of four)',
      bands,
    )
    .option('--max-pixels <count>', 'leave out images with more pixels (default: 268402689)', fromOne);

/** The pixel options that are given. */
export const pixelOptions = ({ bands, maxPixels }: Pick<FolderOptions, 'bands' | 'maxPixels'>): PixelOptions => ({
  ...(bands && { bands }),
  ...(maxPixels !== undefined && { maxPixels }),
});

/** The folder options that are given, out of all options of a command. */
export function givenFolderOptions(options: FolderOptions): FolderOptions {
  const names = Object.keys(folderFlags) as (keyof FolderOptions)[];
  return Object.fromEntries(names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}

export function openOptions({ format, bands, maxPixels, ...written }: FolderOptions): OpenOptions {
  const own = readerOptionNames.map((name) => {
    const { values } = readerOptions[name];
    return [name, values.find((value) => String(value) === written[name]) ?? values[0]];
  });
  return { ...(format && { format }), ...Object.fromEntries(own), pixels: pixelOptions({ bands, maxPixels }) };
}

function bands(text: string): readonly [number, number, number] {
  const [red, green, blue, ...more] = text.split(',').map(Number);
  const all = [red, green, blue].every((band) => Number.isSafeInteger(band) && (band as number) >= 1);
  if (all && more.length === 0) return [red as number, green as number, blue as number];
  throw new InvalidArgumentError('expected the numbers of three bands, counted from 1, such as 4,3,2');
}
