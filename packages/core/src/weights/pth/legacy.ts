/**
 * `.pth` files from before PyTorch 1.6: a sequence of pickles (magic number, version, machine, object, storage keys),
 * followed by the size and elements of each storage. The checkpoints that DETR published in May 2020 have this format.
 *
 * Source: PyTorch's `torch/serialization.py` (_legacy_save, _legacy_load).
 */
import { ByteReader, PthError } from './byte-reader.ts';
import { checkpointContext } from './globals.ts';
import { readPickle } from './pickle.ts';
import { readStorageId, type Storage } from './tensor.ts';

/** The number 0x1950a86a20f9469cfc6c as a pickle. */
export const legacyStart = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

/**
 * Reads a file in this format.
 *
 * @throws PthError as `readPth` does
 */
export function readLegacy(bytes: Uint8Array): unknown {
  const reader = new ByteReader(bytes, legacyStart.length);
  const plain = checkpointContext(() => {
    throw new PthError('there is a persistent id where none is expected: the file is damaged');
  });
  const version = readPickle(reader, plain);
  if (version !== 1001) throw new PthError(`the format has version ${version}, expected 1001`);
  const system = readPickle(reader, plain);
  if (!(system instanceof Map) || system.get('little_endian') !== true) {
    throw new PthError('the byte order is big, expected little: save it on a little-endian machine');
  }
  const storages = new Map<string, Storage>();
  const saved = readPickle(
    reader,
    checkpointContext((id) => {
      const { key, storage } = readStorageId(id);
      const known = storages.get(key) ?? storage;
      if (known.dtype !== storage.dtype || known.size !== storage.size) {
        throw new PthError(`the storage ${key} has two types or sizes: the file is damaged`);
      }
      storages.set(key, known);
      return known;
    }),
  );
  const keys = readPickle(reader, plain);
  for (const key of Array.isArray(keys) ? keys : []) {
    const storage = storages.get(key);
    const size = reader.u64();
    if (storage?.size !== size) {
      throw new PthError(`the storage ${key} has ${size} elements, expected ${storage?.size ?? 'no such storage'}`);
    }
    storage.bytes = reader.take(storage.byteSize);
    storages.delete(key);
  }
  if (storages.size > 0) throw new PthError(`${storages.size} storages are missing at the end: the file is cut off`);
  return saved;
}
