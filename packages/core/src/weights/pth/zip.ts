/**
 * The entries of an uncompressed zip archive, as views.
 *
 * A checkpoint may have hundreds of megabytes, and `torch.save` stores every entry uncompressed. Zip libraries copy
 * such entries (fflate, JSZip), so an entire checkpoint would be in memory twice; finding the entries only requires the
 * directory, which is read here. Checksums are not verified: `torch.serialization.set_crc32_options(False)` leaves them
 * wrong.
 *
 * Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3, 4.5.3).
 */
import { ByteReader, decodeText, PthError } from './byte-reader.ts';

const signatures = { entry: 0x02014b50, local: 0x04034b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 };
const endSize = 22;
const locatorSize = 20;
const longestComment = 0xffff;
/** Value of a 32-bit field whose number is in the 64-bit extra field. */
const in64 = 0xffffffff;

interface Directory {
  readonly start: number;
  readonly entries: number;
}

/**
 * Finds the entries of an archive.
 *
 * @returns the contents of the archive by name, as views of `bytes`
 * @throws PthError for a file that is cut off or damaged, compressed or encrypted entries, and two entries of one name
 */
export function readZip(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const { start, entries } = findDirectory(bytes);
  const reader = new ByteReader(bytes, start);
  const contents = new Map<string, Uint8Array>();
  for (let i = 0; i < entries; i++) {
    const { name, size, localHeader } = readEntry(reader);
    if (contents.has(name)) throw new PthError(`zip: two entries are called '${name}': the file is damaged`);
    contents.set(name, contentsAt(bytes, localHeader, size, name));
  }
  return contents;
}

function findDirectory(bytes: Uint8Array): Directory {
  const at = findEnd(bytes);
  const end = new ByteReader(bytes, at + 10);
  const entries = end.u16();
  end.take(4); // size of the directory
  const start = end.u32();
  if (at < locatorSize || new ByteReader(bytes, at - locatorSize).u32() !== signatures.locator64) {
    return { start, entries };
  }
  const end64 = new ByteReader(bytes, new ByteReader(bytes, at - locatorSize + 8).u64());
  requireSignature(end64, signatures.end64, 'end of the 64-bit directory');
  end64.take(28); // versions, numbers of disks, entries on this disk
  const entries64 = end64.u64();
  end64.take(8); // size of the directory
  return { start: end64.u64(), entries: entries64 };
}

/** Position of the end record; a comment of any length may follow it. */
function findEnd(bytes: Uint8Array): number {
  const last = bytes.length - endSize;
  for (let at = last; at >= Math.max(0, last - longestComment); at--) {
    if (new ByteReader(bytes, at).u32() === signatures.end) return at;
  }
  throw new PthError(`zip: no directory at the end of the ${bytes.length} bytes: the file is cut off`);
}

function readEntry(reader: ByteReader): { name: string; size: number; localHeader: number } {
  requireSignature(reader, signatures.entry, 'directory entry');
  reader.take(4); // versions
  const [flags, method] = [reader.u16(), reader.u16()];
  reader.take(8); // time, checksum
  const [packedSize, size] = [reader.u32(), reader.u32()];
  const [nameLength, extraLength, commentLength] = [reader.u16(), reader.u16(), reader.u16()];
  reader.take(8); // disk, attributes
  const localHeader = reader.u32();
  const name = decodeText(reader.take(nameLength));
  const extra = reader.take(extraLength);
  reader.take(commentLength);
  if (flags & 1) throw new PthError(`zip: '${name}' is encrypted, expected plain contents`);
  if (method !== 0) {
    throw new PthError(
      `zip: '${name}' is compressed (method ${method}), but PyTorch stores contents as they are: was the archive ` +
        'packed again? Load and save it with PyTorch, or pack it without compression (zip -0)',
    );
  }
  // In the order in which the extra field has them.
  const wide = widen([size, packedSize, localHeader], extra, name);
  return { name, size: wide[0], localHeader: wide[2] };
}

type Places = readonly [size: number, packedSize: number, localHeader: number];

/** Numbers of more than 32 bits are in an extra field, which leaves out those that fit. */
function widen(places: Places, extra: Uint8Array, name: string): Places {
  if (!places.includes(in64)) return places;
  const reader = new ByteReader(extra);
  while (reader.position < extra.length) {
    const id = reader.u16();
    const field = new ByteReader(reader.take(reader.u16()));
    const wide = (value: number) => (value === in64 ? field.u64() : value);
    if (id === 1) return [wide(places[0]), wide(places[1]), wide(places[2])];
  }
  throw new PthError(`zip: '${name}' lacks its 64-bit sizes: the file is damaged`);
}

/** The local header repeats the name and may have other extra fields, so it alone says where the contents start. */
function contentsAt(bytes: Uint8Array, localHeader: number, size: number, name: string): Uint8Array {
  const local = new ByteReader(bytes, localHeader);
  requireSignature(local, signatures.local, `header of '${name}'`);
  local.take(22); // repeats the directory
  local.take(local.u16() + local.u16());
  return local.take(size);
}

function requireSignature(reader: ByteReader, signature: number, what: string): void {
  const at = reader.position;
  if (reader.u32() !== signature) throw new PthError(`zip: byte ${at}: expected the ${what}: the file is damaged`);
}
