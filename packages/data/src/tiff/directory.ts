/** The first directory of a TIFF or BigTIFF file: its tags, and the same file with other tags. */
import type { ByteSource } from '../byte-source.ts';

/** Numbers of tags in TIFF 6.0 and its supplements. */
export const tiffTag = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  orientation: 274,
  bands: 277,
  rowsPerStrip: 278,
  stripLengths: 279,
  planar: 284,
  colourMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileLengths: 325,
  extraSamples: 338,
  sampleFormat: 339,
  ycbcrCoefficients: 529,
  ycbcrSubsampling: 530,
  referenceBlackWhite: 532,
  dngVersion: 50706,
} as const;

/** Bytes of a value, by the number of its type. */
const typeSizes: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8 },
};

/** The location of a tag's values in the file. */
interface Entry {
  readonly type: number;
  readonly count: number;
  /** Offset of the values. */
  readonly at: number;
}

export class TiffDirectory {
  private constructor(
    private readonly source: ByteSource,
    private readonly little: boolean,
    private readonly big: boolean,
    private readonly entries: ReadonlyMap<number, Entry>,
  ) {}

  /** @throws Error if there is no directory */
  static async read(source: ByteSource): Promise<TiffDirectory> {
    const head = await source.read(0, 16);
    if (head.length < 16) throw new Error('the file ends within its header');
    const little = head[0] === 0x49;
    const big = head[little ? 2 : 3] === 43;
    const at = big ? integer(head, 8, 8, little) : integer(head, 4, 4, little);
    const [countSize, entrySize, inline] = big ? [8, 20, 8] : [2, 12, 4];
    const counted = await source.read(at, countSize);
    if (counted.length < countSize) throw new Error('the file ends before its directory');
    const count = integer(counted, 0, countSize, little);
    if (count > 4096) throw new Error(`the directory has ${count} entries`);
    const table = await source.read(at + countSize, count * entrySize);
    if (table.length < count * entrySize) throw new Error('the file ends within its directory');
    const entries = new Map<number, Entry>();
    for (let n = 0; n < count; n++) {
      const entry = n * entrySize;
      const type = integer(table, entry + 2, 2, little);
      const values = integer(table, entry + 4, inline, little);
      const inside = values * (typeSizes[type] ?? 1) <= inline;
      const where = at + countSize + entry + 4 + inline;
      entries.set(integer(table, entry, 2, little), {
        type,
        count: values,
        at: inside ? where : integer(table, entry + 4 + inline, inline, little),
      });
    }
    return new TiffDirectory(source, little, big, entries);
  }

  has(tag: number): boolean {
    return this.entries.has(tag);
  }

  /**
   * A tag's numbers, at most `most` of them; none if the tag is absent.
   *
   * @throws Error if the file ends before them
   */
  async numbers(tag: number, most = 64): Promise<number[]> {
    const entry = this.entries.get(tag);
    if (entry === undefined) return [];
    const size = typeSizes[entry.type] ?? 1;
    const count = Math.min(entry.count, most);
    const bytes = await this.source.read(entry.at, count * size);
    if (bytes.length < count * size) throw new Error('the file ends within its tags');
    return Array.from({ length: count }, (_, n) => this.value(bytes, n * size, entry.type));
  }

  private value(bytes: Buffer, at: number, type: number): number {
    if (type === 5 || type === 10) {
      return integer(bytes, at, 4, this.little) / integer(bytes, at + 4, 4, this.little);
    }
    if (type === 11) return this.little ? bytes.readFloatLE(at) : bytes.readFloatBE(at);
    if (type === 12) return this.little ? bytes.readDoubleLE(at) : bytes.readDoubleBE(at);
    return integer(bytes, at, typeSizes[type] ?? 1, this.little);
  }

  /**
   * The file with another directory after its end, in which these tags have other values. A tag that is changed to
   * undefined is left out.
   *
   * @param file all of the file's bytes
   */
  withTags(file: Buffer, changes: Readonly<Record<number, readonly number[] | undefined>>): Buffer {
    const [countSize, inline] = this.big ? [8, 8] : [2, 4];
    const tags = new Set([...this.entries.keys(), ...Object.keys(changes).map(Number)]);
    const kept = [...tags].filter((tag) => !(tag in changes) || changes[tag] !== undefined).sort((a, b) => a - b);
    // Directories begin at even offsets.
    const start = file.length + (file.length % 2);
    let next = start + countSize + kept.length * (4 + 2 * inline) + inline;
    const parts: Buffer[] = [];
    const table = Buffer.alloc(next - start);
    this.write(table, kept.length, 0, countSize);
    for (const [n, tag] of kept.entries()) {
      const at = countSize + n * (4 + 2 * inline);
      const { type, count, values } = this.entryOf(file, tag, changes[tag]);
      this.write(table, tag, at, 2);
      this.write(table, type, at + 2, 2);
      this.write(table, count, at + 4, inline);
      if (values.length <= inline) values.copy(table, at + 4 + inline);
      else {
        this.write(table, next, at + 4 + inline, inline);
        const padded = Buffer.concat([values, Buffer.alloc(values.length % 2)]);
        parts.push(padded);
        next += padded.length;
      }
    }
    const changed = Buffer.concat([file, Buffer.alloc(start - file.length), table, ...parts]);
    this.write(changed, start, this.big ? 8 : 4, inline);
    return changed;
  }

  private entryOf(
    file: Buffer,
    tag: number,
    changed: readonly number[] | undefined,
  ): { type: number; count: number; values: Buffer } {
    if (changed !== undefined) {
      const size = this.big ? 8 : 4;
      const values = Buffer.alloc(changed.length * size);
      for (const [n, number] of changed.entries()) this.write(values, number, n * size, size);
      return { type: this.big ? 16 : 4, count: changed.length, values };
    }
    const { type, count, at } = this.entries.get(tag) as Entry;
    return { type, count, values: file.subarray(at, at + count * (typeSizes[type] ?? 1)) };
  }

  private write(bytes: Buffer, value: number, at: number, size: number): void {
    if (size === 8) {
      if (this.little) bytes.writeBigUInt64LE(BigInt(value), at);
      else bytes.writeBigUInt64BE(BigInt(value), at);
    } else if (this.little) bytes.writeUIntLE(value, at, size);
    else bytes.writeUIntBE(value, at, size);
  }
}

function integer(bytes: Buffer, at: number, size: number, little: boolean): number {
  if (size === 8) return Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
  return little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
}
