import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, type SafeTensor, SafetensorsError, writeSafetensors } from './safetensors.ts';

const newBytes = (size: number) => new Uint8Array(size);

/** A file with this header (JSON, or verbatim text) and these data bytes. */
function file(header: unknown, data: ArrayLike<number> = [], headerSize?: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerSize ?? json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const entry = (dtype: string, shape: unknown, begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const someTensor: fc.Arbitrary<SafeTensor> = fc
  .array(fc.nat(4), { maxLength: 3 })
  .chain((shape): fc.Arbitrary<SafeTensor> => {
    const length = shape.reduce((product, axis) => product * axis, 1);
    const size = { minLength: length, maxLength: length };
    return fc.oneof(
      fc.float32Array(size).map((data) => ({ dtype: 'F32' as const, shape, data })),
      fc.float64Array(size).map((data) => ({ dtype: 'F64' as const, shape, data })),
      fc.int32Array(size).map((data) => ({ dtype: 'I32' as const, shape, data })),
      fc.uint8Array(size).map((data) => ({ dtype: 'U8' as const, shape, data })),
    );
  });
const someFile = fc.tuple(
  fc
    .uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), someTensor), { selector: ([name]) => name, maxLength: 6 })
    // A lone surrogate cannot be written as UTF-8.
    .filter((entries) => entries.every(([name]) => !/\p{Surrogate}/u.test(name) && name !== '__metadata__')),
  fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
);

describe('safetensors', () => {
  it('reads a file of the reference implementation', () => {
    const path = new URL('../../../../test/fixtures/parity/adamw.safetensors', import.meta.url);
    const { tensors } = readSafetensors(readFileSync(path));
    expect(tensors.get('plain.grads0')?.shape).toEqual([50, 7, 5]);
    expect(tensors.get('plain.grads0')?.data).toBeInstanceOf(Float32Array);
  });

  it('restores what was written, including names, zero-length axes and metadata', () => {
    fc.assert(
      fc.property(someFile, fc.nat(7), fc.boolean(), ([entries, metadata], shift, asBuffer) => {
        const written = writeSafetensors(new Map(entries), metadata);
        // The same bytes at any alignment; a Buffer's `slice` differs from that of its base class.
        const bytes = (asBuffer ? Buffer.alloc : newBytes)(written.length + shift).subarray(shift);
        bytes.set(written);
        const back = readSafetensors(bytes);
        expect(new Map(back.tensors)).toEqual(new Map(entries));
        expect({ ...back.metadata }).toEqual({ ...metadata });
      }),
    );
  });

  it('returns a value or throws a SafetensorsError for any damage', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(someFile, damage, fc.double({ min: 0, max: 1, noNaN: true }), ([entries, metadata], edits, keep) => {
        const bytes = writeSafetensors(new Map(entries), metadata);
        for (const [position, value] of edits) bytes[position % bytes.length] = value;
        readOrRefuse(bytes);
        readOrRefuse(bytes.subarray(0, Math.floor(keep * bytes.length)));
      }),
      { numRuns: 1000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), readOrRefuse), { numRuns: 1000 });
    const json = fc.jsonValue().map((value) => file(value as object));
    fc.assert(fc.property(json, readOrRefuse), { numRuns: 1000 });
  });

  it('rejects a file that is cut off anywhere', () => {
    const whole = writeSafetensors(new Map([['a', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]));
    for (let size = 0; size < whole.length; size++) {
      expect(() => readSafetensors(whole.subarray(0, size))).toThrow(SafetensorsError);
    }
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'has 0 bytes'],
    ['a huge header', file({}, [], 2 ** 52), 'should take 4503599627370496 bytes, but 2 follow'],
    ['text that is not JSON', file('{"a":'), 'not JSON in UTF-8'],
    ['a header that is not UTF-8', file({}, []).fill(0xff, 8), 'not JSON in UTF-8'],
    ['a list', file([]), 'not a JSON object'],
    ['metadata of numbers', file({ __metadata__: { a: 1 } }), 'object of strings'],
    ['an unknown dtype', file({ a: entry('F8', [1], 0, 1) }, [0]), `'a' has dtype "F8"`],
    ['a dtype of the prototype', file({ a: entry('toString', [1], 0, 1) }, [0]), `'a' has dtype "toString"`],
    ['a negative axis', file({ a: entry('U8', [-1], 0, 1) }, [0]), "'a' has shape [-1]"],
    ['huge axes', file({ a: entry('U8', [2 ** 52, 2 ** 52, 2 ** 52], 0, 1) }, [0]), "'a' takes 1 bytes, but U8"],
    ['offsets the wrong way', file({ a: entry('U8', [1], 1, 0) }, [0]), "'a' has data_offsets [1,0]"],
    ['another size', file({ a: entry('F32', [2], 0, 4) }, [0, 0, 0, 0]), "'a' takes 4 bytes, but F32 [2] needs 8"],
    ['a hole', file({ a: entry('U8', [1], 1, 2) }, [0, 0]), "'a' starts at byte 1 of the data, expected 0"],
    [
      'an overlap',
      file({ a: entry('U8', [2], 0, 2), b: entry('U8', [2], 1, 3) }, [0, 0, 0]),
      "'b' starts at byte 1 of the data, expected 2: it overlaps",
    ],
    ['data cut off', file({ a: entry('U8', [2], 0, 2) }, [0]), "'a' ends at byte 2, but the data has 1"],
    ['bytes left over', file({ a: entry('U8', [1], 0, 1) }, [0, 0]), 'bytes are left over'],
    ['an I64 too large', file({ a: entry('I64', [1], 0, 8) }, [0, 0, 0, 0, 1, 0, 0, 0]), "'a' holds the I64 value"],
  ])('rejects %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it('converts half floats, bfloat16 and 64-bit integers', () => {
    const halves = [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c, 0xff, 0x7b]; // 1, -2, 2^-24, Infinity, 65504
    const header = {
      half: entry('F16', [5], 0, 10),
      brain: entry('BF16', [2], 10, 14),
      long: entry('I64', [2], 14, 30),
      flag: entry('BOOL', [2], 30, 32),
    };
    const longs = [7, 0, 0, 0, 0, 0, 0, 0, ...new Array(8).fill(0xff)];
    const { tensors } = readSafetensors(file(header, [...halves, 0x80, 0x3f, 0x20, 0xc0, ...longs, 1, 0]));
    expect([...(tensors.get('half')?.data ?? [])]).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY, 65504]);
    expect([...(tensors.get('brain')?.data ?? [])]).toEqual([1, -2.5]);
    expect(tensors.get('long')).toEqual({ dtype: 'I32', shape: [2], data: Int32Array.of(7, -1) });
    expect(tensors.get('flag')).toEqual({ dtype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) });
  });

  it('names the tensor that cannot be written', () => {
    const bad = { dtype: 'F32' as const, shape: [3], data: Float32Array.of(1) };
    expect(() => writeSafetensors(new Map([['w', bad]]))).toThrow("'w' has 1 elements, but shape [3] needs 3");
    expect(() => writeSafetensors(new Map([['__metadata__', bad]]))).toThrow('reserved');
  });
});

function readOrRefuse(bytes: Uint8Array): void {
  try {
    readSafetensors(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(SafetensorsError);
  }
}
