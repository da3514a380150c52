/**
 * Reads files written by `torch.save`: tensors and plain containers, never code.
 *
 * Since PyTorch 1.6 a file is a zip archive with the object in `NAME/data.pkl` and storages in `NAME/data/KEY`. Source:
 * PyTorch's `torch/serialization.py` (_load).
 */
import { ByteReader, decodeText, PthError } from './byte-reader.ts';
import { checkpointContext } from './globals.ts';
import { legacyStart, readLegacy } from './legacy.ts';
import { readPickle } from './pickle.ts';
import { readStorageId } from './tensor.ts';
import { readZip } from './zip.ts';

const zipStart = [0x50, 0x4b, 0x03, 0x04];

const startsWith = (bytes: Uint8Array, start: readonly number[]) => start.every((byte, i) => bytes[i] === byte);

/** Whether bytes begin like a `.pth` file. */
export const isPth = (bytes: Uint8Array): boolean => startsWith(bytes, zipStart) || startsWith(bytes, legacyStart);

/**
 * Reads a `.pth` file.
 *
 * @returns the saved object: null, booleans, numbers (bigints beyond 2^53), strings, arrays for lists and tuples, Maps
 *   for dictionaries (also OrderedDict, Counter, and argparse.Namespace by attribute), PthTensor for tensors and
 *   parameters. Tensors are views of `bytes`: do not change either afterwards.
 * @throws PthError naming the byte, for damage, another format or byte order, or a global that is not allowed
 */
export function readPth(bytes: Uint8Array): unknown {
  if (startsWith(bytes, zipStart)) return readZipped(bytes);
  if (startsWith(bytes, legacyStart)) return readLegacy(bytes);
  throw new PthError(
    'this file was not written by torch.save: expected a zip archive or, from before PyTorch 1.6, pickles',
  );
}

function readZipped(bytes: Uint8Array): unknown {
  const contents = readZip(bytes);
  const pickle = [...contents.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new PthError(`zip: no NAME/data.pkl among ${contents.size} entries: this file was not written by torch.save`);
  }
  const folder = pickle.slice(0, pickle.indexOf('/'));
  // Files of PyTorch before 2.0 do not state it, and are little-endian wherever PyTorch ran.
  const byteOrder = contents.get(`${folder}/byteorder`);
  if (byteOrder !== undefined && decodeText(byteOrder) !== 'little') {
    throw new PthError(
      `the byte order is ${decodeText(byteOrder)}, expected little: save it on a little-endian machine`,
    );
  }
  const reader = new ByteReader(contents.get(pickle) as Uint8Array);
  return readPickle(
    reader,
    checkpointContext((id) => {
      const { key, storage } = readStorageId(id);
      const stored = contents.get(`${folder}/data/${key}`);
      if (stored?.length !== storage.byteSize) {
        throw new PthError(
          `${folder}/data/${key} has ${stored?.length ?? 'no'} bytes, but ${storage.size} elements of type ` +
            `${storage.dtype} take ${storage.byteSize}: the file is damaged`,
        );
      }
      storage.bytes = stored;
      return storage;
    }),
  );
}
