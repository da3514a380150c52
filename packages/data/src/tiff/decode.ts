/** Decodes the pixels of a TIFF file, which libvips reads under a header that leaves it nothing to interpret. */
import { withBytes } from '../byte-source.ts';
import type { RgbImage } from '../dataset.ts';
import { rgbOf, rgbOfInks, type Samples, sharpSamples } from '../samples.ts';
import { TiffDirectory, tiffTag } from './directory.ts';
import { isPlainYcbcr, photometric, type TiffForm, tiffForm } from './form.ts';
import { turned } from './turned.ts';
import { requireWhole } from './whole.ts';
import { rgbOfYcbcr, ycbcrTables } from './ycbcr.ts';

interface Tiff {
  readonly file: Buffer;
  readonly directory: TiffDirectory;
  readonly form: TiffForm;
}

/** Values of tags; undefined removes a tag. */
type Tags = Readonly<Record<number, readonly number[] | undefined>>;

export interface TiffDecoding {
  /** Three bands, counted from 0, that become red, green and blue as stored; without it, the file's colours. */
  readonly take?: readonly number[];
  /** EXIF orientation; 1 leaves the pixels as stored. */
  readonly orientation: number;
}

/** @throws Error if the file is damaged */
export async function decodeTiff(file: Buffer, { take, orientation }: TiffDecoding): Promise<RgbImage> {
  const directory = await withBytes(file, TiffDirectory.read);
  const tiff = { file, directory, form: await tiffForm(directory) };
  // Colours that were multiplied by alpha are divided by it, but not bands that mean something else to the user.
  const premultiplied = tiff.form.premultiplied && take === undefined;
  return turned(await storedPixels(tiff, take ?? [0, 1, 2], premultiplied), orientation);
}

async function storedPixels(tiff: Tiff, take: readonly number[], premultiplied: boolean): Promise<RgbImage> {
  const { colours, planar, bands } = tiff.form;
  if (isPlainYcbcr(tiff.form)) {
    const samples = planar ? await planes(tiff, [0, 1, 2]) : await ycbcrUnits(tiff);
    return rgbOfYcbcr(samples, await ycbcrTables(tiff.directory, tiff.form));
  }
  if (tiff.form.photometric === photometric.palette && bands > 1) return palettePixels(tiff);
  if (colours === 'cmyk') return rgbOfInks(await (planar ? planes(tiff, [0, 1, 2, 3]) : samplesOf(tiff)));
  const grey = colours === 'grey';
  if (planar) {
    const samples = await planes(tiff, [...(grey ? [0] : take), ...(premultiplied ? [bands - 1] : [])]);
    return rgbOf(samples, grey ? [0, 0, 0] : [0, 1, 2], premultiplied ? samples.channels - 1 : undefined);
  }
  const samples = await samplesOf(tiff, plainTags(tiff.form));
  // For grey, three equal channels come before the others.
  return rgbOf(samples, grey ? [0, 1, 2] : take, premultiplied ? samples.channels - 1 : undefined);
}

/** Looks up the colours for palette indices followed by an alpha band, which libvips does not support. */
async function palettePixels(tiff: Tiff): Promise<RgbImage> {
  const { directory, form } = tiff;
  const tags = { [tiffTag.photometric]: [photometric.blackIsZero], [tiffTag.extraSamples]: [0] };
  const { width, height, data, channels } = await (form.planar ? planes(tiff, [0]) : samplesOf(tiff, tags));
  const map = await directory.numbers(tiffTag.colourMap, 768);
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0, to = 0; pixel < width * height; pixel++) {
    const index = data[pixel * channels] as number;
    for (let channel = 0; channel < 3; channel++) rgb[to++] = (map[256 * channel + index] ?? 0) >> 8;
  }
  return { width, height, data: rgb };
}

/** Tags that make libvips leave alpha alone, and treat undescribed bands as colours. */
function plainTags({ bands, colours, photometric: interpretation, premultiplied }: TiffForm): Tags {
  const unnamed = interpretation === photometric.blackIsZero && bands > 2;
  const extra = Array<number>(Math.max(bands - (colours === 'grey' ? 1 : 3), 0)).fill(0);
  if (unnamed) return { [tiffTag.photometric]: [photometric.rgb], [tiffTag.extraSamples]: extra };
  return premultiplied ? { [tiffTag.extraSamples]: extra } : {};
}

/** Reads bands that are stored separately, each as a grey image: libvips cannot read all of them, and misreads some. */
async function planes(tiff: Tiff, bands: readonly number[]): Promise<Samples> {
  const read = await Promise.all(bands.map(async (band) => samplesOf(tiff, await planeTags(tiff, band))));
  const [first] = read as [Samples];
  const { width, height, depth } = first;
  const bytes = depth / 8;
  const data = Buffer.alloc(width * height * bands.length * bytes);
  for (const [n, { data: grey, channels }] of read.entries()) {
    for (let pixel = 0; pixel < width * height; pixel++) {
      const to = (pixel * bands.length + n) * bytes;
      for (let byte = 0; byte < bytes; byte++) data[to + byte] = grey[pixel * channels * bytes + byte] as number;
    }
  }
  return { width, height, data, channels: bands.length, depth };
}

async function planeTags({ directory, form }: Tiff, band: number): Promise<Tags> {
  const tags: Record<number, readonly number[] | undefined> = {
    ...greyTags,
    [tiffTag.bits]: [form.depth],
    [tiffTag.photometric]: [form.photometric === photometric.whiteIsZero && band === 0 ? 0 : 1],
  };
  const { stripOffsets, stripLengths, tileOffsets, tileLengths } = tiffTag;
  for (const tag of [stripOffsets, stripLengths, tileOffsets, tileLengths]) {
    const all = await directory.numbers(tag, Number.MAX_SAFE_INTEGER);
    const each = all.length / form.bands;
    if (all.length > 0) tags[tag] = all.slice(band * each, (band + 1) * each);
  }
  return tags;
}

const greyTags: Tags = {
  [tiffTag.bits]: [8],
  [tiffTag.bands]: [1],
  [tiffTag.photometric]: [photometric.blackIsZero],
  [tiffTag.planar]: [1],
  [tiffTag.sampleFormat]: undefined,
  [tiffTag.extraSamples]: undefined,
  [tiffTag.ycbcrSubsampling]: undefined,
  [tiffTag.referenceBlackWhite]: undefined,
};

/**
 * Reads YCbCr, which is stored in units of some Y, one Cb and one Cr. The file is read as a grey image of its bytes,
 * whose samples are then spread over the pixels.
 */
async function ycbcrUnits(tiff: Tiff): Promise<Samples> {
  const { width, height, subsampling } = tiff.form;
  const [across, down] = subsampling;
  const unit = across * down + 2;
  const scaled = async (tag: number, by: number): Promise<number[] | undefined> => {
    const [value] = await tiff.directory.numbers(tag);
    // A huge number of rows may mean all of them.
    return value === undefined ? undefined : [Math.ceil(Math.min(value, 2 ** 30) * by)];
  };
  const [columns, rows] = [Math.ceil(width / across), Math.ceil(height / down)];
  const { data: bytes, channels } = await samplesOf(tiff, {
    ...greyTags,
    [tiffTag.width]: [columns * unit],
    [tiffTag.height]: [rows],
    [tiffTag.rowsPerStrip]: await scaled(tiffTag.rowsPerStrip, 1 / down),
    [tiffTag.tileWidth]: await scaled(tiffTag.tileWidth, unit / across),
    [tiffTag.tileHeight]: await scaled(tiffTag.tileHeight, 1 / down),
  });
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = (Math.floor(y / down) * columns + Math.floor(x / across)) * unit;
      data[to++] = bytes[(start + (y % down) * across + (x % across)) * channels] as number;
      data[to++] = bytes[(start + unit - 2) * channels] as number;
      data[to++] = bytes[(start + unit - 1) * channels] as number;
    }
  }
  return { width, height, data, channels: 3, depth: 8 };
}

/** Reads the file with libvips under these tags, with the pixels as stored. */
async function samplesOf({ file, directory, form }: Tiff, tags: Tags = {}): Promise<Samples> {
  const [orientation = 1] = await directory.numbers(tiffTag.orientation);
  // libvips stops at an invalid orientation; pixels are turned here anyway.
  const known = orientation >= 1 && orientation <= 8;
  const read = async (asked: Tags): Promise<Samples> => {
    const changes = known ? asked : { ...asked, [tiffTag.orientation]: undefined };
    const unchanged = Object.keys(changes).length === 0;
    // Another directory follows the file's end: a file that is cut off must not have its pixels read from there.
    if (!unchanged) await requireWhole(directory, file.length, 'all');
    const changed = unchanged ? file : directory.withTags(file, changes);
    return sharpSamples(changed, form.depth, false, form.colours === 'cmyk' && !form.planar);
  };
  const numbers = (tag: number): Promise<readonly number[]> | readonly number[] =>
    tags[tag] ?? directory.numbers(tag, Number.MAX_SAFE_INTEGER);
  const [tileWidth, tileHeight] = [(await numbers(tiffTag.tileWidth))[0], (await numbers(tiffTag.tileHeight))[0]];
  if (tileWidth === undefined || tileHeight === undefined) return read(tags);

  // Tiles are read as the strips of an image as wide as one of them: libvips returns black for damaged tiles, and reads
  // some JPEG tiles wrongly, but leaves strips to libtiff.
  const [offsets, lengths] = [await numbers(tiffTag.tileOffsets), await numbers(tiffTag.tileLengths)];
  const [width, height] = [(await numbers(tiffTag.width))[0] ?? 0, (await numbers(tiffTag.height))[0] ?? 0];
  const [across, down] = [Math.ceil(width / tileWidth), Math.ceil(height / tileHeight)];
  if (offsets.length < across * down) throw new Error(`it has ${offsets.length} of ${across * down} tiles`);
  const stacked = await read({
    ...tags,
    [tiffTag.width]: [tileWidth],
    [tiffTag.height]: [tileHeight * across * down],
    [tiffTag.rowsPerStrip]: [tileHeight],
    [tiffTag.stripOffsets]: offsets.slice(0, across * down),
    [tiffTag.stripLengths]: lengths.slice(0, across * down),
    [tiffTag.tileWidth]: undefined,
    [tiffTag.tileHeight]: undefined,
    [tiffTag.tileOffsets]: undefined,
    [tiffTag.tileLengths]: undefined,
  });
  const bytes = stacked.channels * (stacked.depth / 8);
  const data = Buffer.alloc(width * height * bytes);
  for (let y = 0; y < height; y++) {
    for (let column = 0; column < across; column++) {
      const tile = Math.floor(y / tileHeight) * across + column;
      const row = tile * tileHeight + (y % tileHeight);
      const pixels = Math.min(tileWidth, width - column * tileWidth);
      const from = row * tileWidth * bytes;
      stacked.data.copy(data, (y * width + column * tileWidth) * bytes, from, from + pixels * bytes);
    }
  }
  return { ...stacked, width, height, data };
}
