/** Determines the contents of a TIFF file, and whether they are supported. */
import type { ColourModel } from '../image-description.ts';
import { type TiffDirectory, tiffTag } from './directory.ts';

/** Values of the tag PhotometricInterpretation. */
export const photometric = { whiteIsZero: 0, blackIsZero: 1, rgb: 2, palette: 3, cmyk: 5, ycbcr: 6 } as const;

export interface TiffForm {
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  readonly depth: 8 | 16;
  readonly photometric: number;
  readonly compression: number;
  readonly colours: ColourModel;
  readonly alpha: boolean;
  /** Whether the colours were multiplied by the alpha channel, the band after them. */
  readonly premultiplied: boolean;
  /** Whether each band is stored separately. */
  readonly planar: boolean;
  /** Number of pixels that share one Cb and one Cr, across and down. */
  readonly subsampling: readonly [number, number];
}

/** The file may be intact, but its contents are not supported: the message says why, as a fault of an image. */
export class TiffKindError extends Error {
  constructor(
    fault: string,
    readonly advice: string,
  ) {
    super(fault);
  }
}

/** Supported numbers of the tag Compression. libvips returns tiles in others undecoded, without an error. */
const readCompressions: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50001]);
const otherCompressions: Readonly<Record<number, string>> = {
  6: 'old-style JPEG',
  9: 'JBIG',
  10: 'JBIG',
  32766: 'NeXT',
  32809: 'ThunderScan',
  32909: 'PixarLog',
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34661: 'JBIG',
  34676: 'SGILog',
  34677: 'SGILog24',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  34933: 'PNG',
  50000: 'Zstandard',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};

const otherColours: Readonly<Record<number, string>> = {
  4: 'a transparency mask',
  8: 'CIELAB colours',
  9: 'ICCLAB colours',
  10: 'ITULAB colours',
  32803: 'the mosaic of a colour filter array',
  32844: 'logarithmic luminance',
  32845: 'logarithmic luminance and colours',
  34892: 'raw values of a camera',
};

const convert = 'convert it to RGB of 8 or 16 bits';

/**
 * @throws TiffKindError if the file's contents are not supported
 * @throws Error if the tags contradict one another
 */
export async function tiffForm(directory: TiffDirectory): Promise<TiffForm> {
  const numbers = (tag: number): Promise<number[]> => directory.numbers(tag);
  const one = async (tag: number, otherwise: number): Promise<number> => (await numbers(tag))[0] ?? otherwise;
  const [width, height] = [await one(tiffTag.width, 0), await one(tiffTag.height, 0)];
  const bands = await one(tiffTag.bands, 1);
  const bits = spread(await numbers(tiffTag.bits), bands, 1);
  const formats = spread(await numbers(tiffTag.sampleFormat), bands, 1);
  const interpretation = await one(tiffTag.photometric, photometric.whiteIsZero);
  const compression = await one(tiffTag.compression, 1);
  const extra = await numbers(tiffTag.extraSamples);

  if (directory.has(tiffTag.dngVersion)) {
    throw new TiffKindError(
      'is a DNG raw file of a camera, which is not supported',
      'develop it to TIFF of 8 or 16 bits',
    );
  }
  if (!readCompressions.has(compression)) {
    const named = otherCompressions[compression] ?? `number ${compression}`;
    throw new TiffKindError(`is a TIFF in ${named} compression, which is not supported`, 'save it with LZW or Deflate');
  }
  const depth = depthOf(bits, formats, interpretation, bands);
  const colours = coloursOf(interpretation, bands, depth);
  const [across = 2, down = 2] = await numbers(tiffTag.ycbcrSubsampling);
  const colourBands = colours === 'grey' || interpretation === photometric.palette ? 1 : 3;
  // Only a single band after the colours can be their alpha channel.
  const single = colours !== 'bands' && bands === colourBands + 1 && extra.length === 1 ? extra[0] : undefined;
  const form: TiffForm = {
    width,
    height,
    bands,
    depth,
    photometric: interpretation,
    compression,
    colours,
    alpha: single === 1 || single === 2,
    premultiplied: single === 1,
    planar: bands > 1 && (await one(tiffTag.planar, 1)) === 2,
    subsampling: [across, down],
  };
  if (interpretation === photometric.ycbcr) requireReadableYcbcr(form);
  return form;
}

/** Expands a tag to one value per band: some writers give one value for all bands. */
const spread = (values: readonly number[], bands: number, otherwise: number): number[] =>
  values.length > 1 ? values.slice(0, bands) : Array<number>(bands).fill(values[0] ?? otherwise);

const counted = (bands: number): string => `${bands} ${bands === 1 ? 'band' : 'bands'}`;

function depthOf(bits: readonly number[], formats: readonly number[], interpretation: number, bands: number): 8 | 16 {
  const [depth = 1] = bits;
  if (bits.some((other) => other !== depth) || formats.some((other) => other !== formats[0])) {
    throw new TiffKindError(`holds ${counted(bands)} of different kinds (TIFF: ${bits.join(', ')} bits)`, convert);
  }
  const values = valuesOf(formats[0] ?? 1, depth);
  if (values !== undefined) {
    const fault = `holds ${counted(bands)} of ${values} (TIFF), for which the value of white is unknown`;
    throw new TiffKindError(fault, 'convert it to unsigned values of 8 or 16 bits');
  }
  const small = depth === 1 || depth === 2 || depth === 4;
  const least = bands === 1 && interpretation <= photometric.palette && interpretation !== photometric.rgb;
  const most = interpretation === photometric.palette || interpretation === photometric.ycbcr ? 8 : 16;
  const readable = (small && least) || depth === 8 || (depth === 16 && most === 16);
  if (!readable)
    throw new TiffKindError(`holds ${counted(bands)} of ${depth} bits (TIFF), which is not supported`, convert);
  return depth === 16 ? 16 : 8;
}

function valuesOf(format: number, depth: number): string | undefined {
  if (format === 2) return depth === 32 ? 'signed 32-bit whole numbers' : `signed ${depth}-bit values`;
  if (format === 3) return depth === 32 ? 'floating-point values' : `floating-point values of ${depth} bits`;
  if (format === 5 || format === 6) return 'complex numbers';
  return depth >= 32 ? `${depth}-bit whole numbers` : undefined;
}

function coloursOf(interpretation: number, bands: number, depth: number): ColourModel {
  const held = `${counted(bands)} of ${depth} bits`;
  const few = (colourBands: number): boolean => bands >= colourBands && bands < 5;
  switch (interpretation) {
    case photometric.whiteIsZero:
      if (bands < 3) return 'grey';
      throw new TiffKindError(`holds ${held} in which white is zero (TIFF), which is not supported`, convert);
    case photometric.blackIsZero:
      return bands < 3 ? 'grey' : few(3) ? 'rgb' : 'bands';
    case photometric.palette:
      if (bands < 3) return 'rgb';
      throw new TiffKindError(`holds a palette and ${held} (TIFF), which is not supported`, convert);
    case photometric.rgb:
    case photometric.ycbcr:
      if (bands < 3) throw new Error(`it has ${counted(bands)}, but red, green and blue need three`);
      return few(3) ? 'rgb' : 'bands';
    case photometric.cmyk:
      if (bands < 4)
        throw new TiffKindError(`holds inks in ${held} (TIFF), which is not supported: CMYK has four`, convert);
      return bands === 4 ? 'cmyk' : 'bands';
    default: {
      const named = otherColours[interpretation] ?? `colours of the kind ${interpretation}`;
      throw new TiffKindError(`holds ${named} in ${held} (TIFF), which are not supported`, convert);
    }
  }
}

const jpeg = 7;

/** Whether the file has YCbCr that this package converts; only that in JPEG is converted by the JPEG decoder. */
export const isPlainYcbcr = ({ photometric: colours, compression, planar }: TiffForm): boolean =>
  colours === photometric.ycbcr && (compression !== jpeg || planar);

function requireReadableYcbcr({ bands, planar, subsampling: [across, down] }: TiffForm): void {
  if (bands !== 3) throw new TiffKindError(`holds ${counted(bands)} of YCbCr (TIFF), which is not supported`, convert);
  const subsampled = across !== 1 || down !== 1;
  if (planar && subsampled)
    throw new TiffKindError('holds subsampled YCbCr in planes (TIFF), which is not supported', convert);
  const known = [1, 2, 4];
  if (!known.includes(across) || !known.includes(down)) {
    throw new TiffKindError(`holds YCbCr subsampled by ${across} × ${down} (TIFF), which is not supported`, convert);
  }
}
