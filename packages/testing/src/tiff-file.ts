/** Makes uncompressed TIFF files of one strip, with any tags that a test needs. */

/** Numbers of tags in the TIFF 6.0 specification. */
export const tag = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  offset: 273,
  samples: 277,
  rows: 278,
  length: 279,
  planar: 284,
  extra: 338,
  format: 339,
} as const;

export interface TiffImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Samples `[height, width, channels]`; the type determines bits and sample format. */
  readonly data: Uint8Array | Uint16Array | Int8Array | Int16Array | Uint32Array | Int32Array | Float32Array;
  /** Further tags, and replacements for those that follow from the image; values are SHORT. */
  readonly tags?: Readonly<Record<number, readonly number[]>>;
}

/**
 * Makes a little-endian file. The photometric interpretation is RGB from three channels on, otherwise black is zero.
 */
export function tiffFile({ width, height, channels, data, tags = {} }: TiffImage): Buffer {
  const bytes = data.BYTES_PER_ELEMENT;
  const format = data instanceof Float32Array ? 3 : data.constructor.name.startsWith('I') ? 2 : 1;
  const colours = channels < 3 ? 1 : 3;
  const all: Record<number, readonly number[]> = {
    [tag.width]: [width],
    [tag.height]: [height],
    [tag.bits]: Array(channels).fill(8 * bytes),
    [tag.compression]: [1],
    [tag.photometric]: [colours === 1 ? 1 : 2],
    [tag.offset]: [8],
    [tag.samples]: [channels],
    [tag.rows]: [height],
    [tag.length]: [data.byteLength],
    [tag.format]: Array(channels).fill(format),
    ...tags,
  };
  if (channels > colours) all[tag.extra] ??= Array<number>(channels - colours).fill(0);
  const entries = Object.entries(all).map(([number, values]) => ({ number: Number(number), values }));
  const directory = 8 + data.byteLength + (data.byteLength % 2);
  const afterDirectory = directory + 2 + 12 * entries.length + 4;
  const longValues = entries.filter(({ values }) => values.length > 2);
  const file = Buffer.alloc(afterDirectory + longValues.reduce((sum, { values }) => sum + 2 * values.length, 0));
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(directory, 4);
  for (let n = 0; n < data.length; n++) {
    const value = data[n] as number;
    const at = 8 + n * bytes;
    if (format === 3) file.writeFloatLE(value, at);
    else for (let byte = 0; byte < bytes; byte++) file[at + byte] = (value >> (8 * byte)) & 255;
  }
  file.writeUInt16LE(entries.length, directory);
  let next = afterDirectory;
  for (const [n, { number, values }] of entries.entries()) {
    const at = directory + 2 + 12 * n;
    file.writeUInt16LE(number, at);
    const long = number === tag.length;
    file.writeUInt16LE(long ? 4 : 3, at + 2);
    file.writeUInt32LE(values.length, at + 4);
    if (long) file.writeUInt32LE(values[0] as number, at + 8);
    else if (values.length <= 2) for (const [k, value] of values.entries()) file.writeUInt16LE(value, at + 8 + 2 * k);
    else {
      file.writeUInt32LE(next, at + 8);
      for (const value of values) next = file.writeUInt16LE(value, next);
    }
  }
  return file;
}
