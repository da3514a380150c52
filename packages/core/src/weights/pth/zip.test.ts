import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PthError } from './byte-reader.ts';
import { readZip } from './zip.ts';

interface Options {
  /** Whether sizes and positions are written as 64-bit numbers, as in PyTorch's files beyond 4 GiB. */
  readonly wide?: boolean;
  readonly method?: number;
  readonly flags?: number;
  readonly comment?: string;
}

/** An uncompressed zip archive, laid out as in the specification (APPNOTE.TXT 4.3). */
function zip(entries: readonly (readonly [string, ArrayLike<number>])[], options: Options = {}): Uint8Array {
  const { wide = false, method = 0, flags = 0, comment = '' } = options;
  const bytes: number[] = [];
  const text = (value: string) => [...new TextEncoder().encode(value)];
  const number = (value: number, size: number) =>
    Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);
  const clipped = (value: number) => number(wide ? 0xffffffff : value, 4);
  const directory: number[] = [];
  for (const [name, data] of entries) {
    const at = bytes.length;
    const label = text(name);
    // An extra field in the local header only: PyTorch pads with one to align the contents.
    const padding = [...text('FB'), ...number(3, 2), 0, 0, 0];
    bytes.push(...number(0x04034b50, 4), ...number(20, 2), ...number(flags, 2), ...number(method, 2), ...number(0, 8));
    bytes.push(...clipped(data.length), ...clipped(data.length), ...number(label.length, 2));
    bytes.push(...number(padding.length, 2), ...label, ...padding, ...Array.from(data));
    const sizes = [...number(data.length, 8), ...number(data.length, 8), ...number(at, 8)];
    const extra = wide ? [...text('xx'), ...number(1, 2), 9, ...number(1, 2), ...number(24, 2), ...sizes] : [];
    directory.push(...number(0x02014b50, 4), ...number(20, 2), ...number(20, 2), ...number(flags, 2));
    directory.push(...number(method, 2), ...number(0, 8), ...clipped(data.length), ...clipped(data.length));
    directory.push(...number(label.length, 2), ...number(extra.length, 2), ...number(0, 10), ...clipped(at));
    directory.push(...label, ...extra);
  }
  const start = bytes.length;
  bytes.push(...directory);
  if (wide) {
    const end = bytes.length;
    bytes.push(...number(0x06064b50, 4), ...number(44, 8), ...number(45, 2), ...number(45, 2), ...number(0, 8));
    bytes.push(...number(entries.length, 8), ...number(entries.length, 8));
    bytes.push(...number(directory.length, 8), ...number(start, 8));
    bytes.push(...number(0x07064b50, 4), ...number(0, 4), ...number(end, 8), ...number(1, 4));
  }
  const count = wide ? 0xffff : entries.length;
  bytes.push(...number(0x06054b50, 4), ...number(0, 4), ...number(count, 2), ...number(count, 2));
  bytes.push(...clipped(directory.length), ...clipped(start), ...number(comment.length, 2), ...text(comment));
  return Uint8Array.from(bytes);
}

const someEntries = fc.uniqueArray(fc.tuple(fc.string(), fc.uint8Array({ maxLength: 20 })), {
  selector: ([name]) => name,
  maxLength: 5,
});

describe('zip', () => {
  it('gives every entry as a view, with 32-bit and 64-bit sizes', () => {
    fc.assert(
      fc.property(someEntries, fc.boolean(), fc.string({ unit: 'grapheme-ascii' }), (entries, wide, comment) => {
        const bytes = zip(entries, { wide, comment });
        const contents = readZip(bytes);
        expect(new Map(contents)).toEqual(new Map(entries));
        for (const content of contents.values()) expect(content.buffer).toBe(bytes.buffer);
      }),
    );
  });

  it('returns entries or throws a PthError for any damage', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(someEntries, fc.boolean(), damage, (entries, wide, edits) => {
        const bytes = zip(entries, { wide });
        for (const [position, value] of edits) bytes[position % bytes.length] = value;
        try {
          readZip(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(PthError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'no directory at the end of the 0 bytes: the file is cut off'],
    ['a file cut off', zip([['a', [1]]]).subarray(0, -1), 'the file is cut off'],
    ['compression', zip([['a', [1]]], { method: 8 }), "'a' is compressed (method 8)"],
    ['encryption', zip([['a', [1]]], { flags: 1 }), "'a' is encrypted"],
    [
      'a name that occurs twice',
      zip([
        ['a', [1]],
        ['a', [2]],
      ]),
      "two entries are called 'a'",
    ],
    ['contents that overrun', zip([['a', [1]]]).fill(200, 63, 64), 'expected 200 more bytes'],
  ])('rejects %s', (_, bytes, message) => {
    expect(() => readZip(bytes)).toThrow(PthError);
    expect(() => readZip(bytes)).toThrow(message);
  });
});
