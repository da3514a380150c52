/**
 * PBM, PGM, PPM (plain and binary) and PAM files, for which sharp's build has no loader, and npm no maintained package:
 * `netpbm` only calls the programs of that name.
 */
import type { RgbImage } from './dataset.ts';

export interface NetpbmHeader {
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  /** The value of white, up to 65535. */
  readonly most: number;
  /** Whether numbers are written out in digits. */
  readonly plain: boolean;
  /** Whether there is one bit per pixel, 1 for black. */
  readonly bitmap: boolean;
  /** Offset of the pixels. */
  readonly pixelsAt: number;
}

/** Number of bytes of a file that `netpbmHeader` may need: comments may be long. */
export const netpbmHeaderLength = 65536;

const isSpace = (byte: number | undefined): boolean => byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13);

/** Reads words and skips comments, starting at `at`. */
class Words {
  constructor(
    readonly file: Buffer,
    public at: number,
  ) {}

  skipSpace(): void {
    for (; this.at < this.file.length; this.at++) {
      if (this.file[this.at] === 35) this.skipLine();
      else if (!isSpace(this.file[this.at])) return;
    }
  }

  skipLine(): void {
    while (this.at < this.file.length && this.file[this.at] !== 10 && this.file[this.at] !== 13) this.at++;
  }

  next(): string {
    this.skipSpace();
    const start = this.at;
    while (this.at < this.file.length && !isSpace(this.file[this.at]) && this.file[this.at] !== 35) this.at++;
    if (start === this.at) throw new Error('the file ends too early');
    return this.file.toString('latin1', start, this.at);
  }

  /** @param most the largest allowed number */
  number(most: number): number {
    const word = this.next();
    if (!/^\d{1,10}$/.test(word) || Number(word) > most) {
      throw new Error(`expected a number up to ${most}, found ${JSON.stringify(word.slice(0, 20))}`);
    }
    return Number(word);
  }
}

/**
 * @param file at least the first `netpbmHeaderLength` bytes, or the complete file if it is shorter
 * @throws Error if the header is cut off or invalid
 */
export function netpbmHeader(file: Buffer): NetpbmHeader {
  const kind = (file[1] as number) - 48;
  if (!isSpace(file[2]) && file[2] !== 35) throw new Error('no space follows the first two letters');
  const words = new Words(file, 2);
  const header = kind === 7 ? pamHeader(words) : plainHeader(words, kind);
  if (header.width < 1 || header.height < 1 || header.bands < 1 || header.most < 1) {
    throw new Error(`the header says ${header.width} × ${header.height} pixels of ${header.bands} × 0..${header.most}`);
  }
  return { ...header, plain: kind < 4, bitmap: kind === 1 || kind === 4, pixelsAt: words.at + 1 };
}

type Sizes = Pick<NetpbmHeader, 'width' | 'height' | 'bands' | 'most'>;

function plainHeader(words: Words, kind: number): Sizes {
  const [width, height] = [words.number(2 ** 31), words.number(2 ** 31)];
  return { width, height, bands: kind % 3 === 0 ? 3 : 1, most: kind % 3 === 1 ? 1 : words.number(65535) };
}

function pamHeader(words: Words): Sizes {
  const fields: Record<string, number> = { WIDTH: 0, HEIGHT: 0, DEPTH: 0, MAXVAL: 0 };
  for (let word = words.next(); word !== 'ENDHDR'; word = words.next()) {
    if (word === 'TUPLTYPE') words.skipLine();
    else if (word in fields) fields[word] = words.number(word === 'MAXVAL' ? 65535 : 2 ** 31);
    else throw new Error(`the header has an unknown line ${JSON.stringify(word.slice(0, 20))}`);
  }
  const { WIDTH: width = 0, HEIGHT: height = 0, DEPTH: bands = 0, MAXVAL: most = 0 } = fields;
  return { width, height, bands, most };
}

/** Minimum number of bytes of the file, or 0 if only decoding tells. */
export function netpbmLength({ width, height, bands, most, plain, bitmap, pixelsAt }: NetpbmHeader): number {
  if (plain) return 0;
  return pixelsAt + height * (bitmap ? Math.ceil(width / 8) : width * bands * (most > 255 ? 2 : 1));
}

/**
 * @param take the bands that become red, green and blue, counted from 0
 * @throws Error if the file is cut off, or has something other than a number in place of a sample
 */
export function decodeNetpbm(file: Buffer, take: readonly number[]): RgbImage {
  const header = netpbmHeader(file);
  const { width, height, bands, bitmap } = header;
  if (netpbmLength(header) > file.length) throw new Error('the file ends before its pixels do');
  const samples = header.plain ? plainSamples(file, header) : binarySamples(file, header);
  const eight = eightBits(header.most);
  const data = new Uint8Array(width * height * 3);
  for (let pixel = 0, to = 0; pixel < width * height; pixel++) {
    for (const band of take) {
      const sample = samples[pixel * bands + band] as number;
      data[to++] = bitmap ? 255 * (1 - sample) : (eight[Math.min(sample, header.most)] as number);
    }
  }
  return { width, height, data };
}

/**
 * Converts samples 0..most to 8 bits: rounded as Pillow rounds them, or the high byte of 16 bits where there are more
 * than 8.
 *
 * @returns the values `[most + 1]`
 */
function eightBits(most: number): Uint8Array {
  const scale = most > 255 ? 65535 : 255;
  return Uint8Array.from({ length: most + 1 }, (_, value) => {
    const scaled = roundHalfEven((value / most) * scale);
    return most > 255 ? scaled >> 8 : scaled;
  });
}

/** Rounds as Python's `round` does. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below % 2) : Math.round(x);
}

function plainSamples(file: Buffer, { width, height, bands, most, bitmap, pixelsAt }: NetpbmHeader): Uint16Array {
  const samples = new Uint16Array(width * height * bands);
  const words = new Words(file, pixelsAt - 1);
  for (let n = 0; n < samples.length; n++) {
    if (bitmap) {
      // Digits may follow each other without spaces.
      words.skipSpace();
      const digit = (file[words.at++] ?? 0) - 48;
      if (digit !== 0 && digit !== 1)
        throw new Error('expected 0 or 1 for each pixel, found something else, or the end');
      samples[n] = digit;
    } else samples[n] = words.number(most);
  }
  return samples;
}

function binarySamples(file: Buffer, header: NetpbmHeader): Uint8Array | Uint16Array {
  const { width, height, bands, most, bitmap, pixelsAt } = header;
  const count = width * height * bands;
  if (most < 256 && !bitmap) return file.subarray(pixelsAt, pixelsAt + count);
  const samples = bitmap ? new Uint8Array(count) : new Uint16Array(count);
  if (bitmap) {
    const stride = Math.ceil(width / 8);
    for (let y = 0, n = 0; y < height; y++) {
      const row = pixelsAt + y * stride;
      for (let x = 0; x < width; x++) samples[n++] = ((file[row + (x >> 3)] as number) >> (7 - (x & 7))) & 1;
    }
  } else for (let n = 0; n < count; n++) samples[n] = file.readUInt16BE(pixelsAt + 2 * n);
  return samples;
}
