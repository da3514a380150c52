/**
 * Tensors of a checkpoint: strided views of storages, and their construction by a pickle.
 *
 * Source: PyTorch's `torch/_utils.py` (_rebuild_tensor_v2) and `torch/serialization.py` (persistent_id).
 */
import { bytesPerElement, readElements, type SafeTensor, type StoredDtype, view } from '../elements.ts';
import { gather, rowMajorStrides, type StridedView, sizeOf, type Words } from '../strided.ts';
import { PthError } from './byte-reader.ts';

/** Replacement for PyTorch's class of a storage, such as `torch.FloatStorage`. */
export class StorageType {
  readonly dtype: StoredDtype;

  constructor(dtype: StoredDtype) {
    this.dtype = dtype;
  }
}

/** The elements that tensors are views of. */
export class Storage {
  readonly dtype: StoredDtype;
  /** Number of elements. */
  readonly size: number;
  /** The elements' bytes. In files from before PyTorch 1.6 they follow the pickle and are set later. */
  bytes: Uint8Array = new Uint8Array(0);

  constructor(dtype: StoredDtype, size: number) {
    this.dtype = dtype;
    this.size = size;
  }

  get byteSize(): number {
    return this.size * bytesPerElement[this.dtype];
  }
}

/**
 * Reads a persistent id: `('storage', torch.FloatStorage, key, device, number of elements)`, in old files followed by a
 * part of the storage, which PyTorch has not written since 0.4.
 *
 * @throws PthError if it is not the id of a storage
 */
export function readStorageId(id: unknown): { key: string; storage: Storage } {
  const [kind, type, key, , size, part] = Array.isArray(id) ? id : [];
  if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string' || !isCount(size) || part) {
    throw new PthError('a persistent id is not that of a storage: only tensors are read');
  }
  return { key, storage: new Storage(type.dtype, size) };
}

/** The largest number of axes that PyTorch allows. */
const mostAxes = 64;
/**
 * The number of elements that an expanded tensor may have beyond its storage, so that a damaged file cannot fill the
 * memory.
 */
const mostRepeated = 2 ** 20;

/**
 * A tensor of a `.pth` file. Its elements are read on demand: an optimiser's state costs nothing until it is needed.
 */
export class PthTensor {
  readonly shape: readonly number[];
  readonly #storage: Storage;
  readonly #view: StridedView;

  /** @throws PthError if the view does not lie within the storage */
  constructor(storage: Storage, { shape, strides, offset }: StridedView) {
    requireInside(storage.size, { shape, strides, offset });
    // Copies, because in a damaged file what follows may change the lists that they come from.
    this.shape = [...shape];
    this.#view = { shape: this.shape, strides: [...strides], offset };
    this.#storage = storage;
  }

  /** Element type in the file; `read` widens half floats and narrows int64. */
  get dtype(): StoredDtype {
    return this.#storage.dtype;
  }

  /**
   * The elements in row-major order: float16 and bfloat16 as float32; int64, int16 and int8 as int32. The result is a
   * view of the file if the tensor is contiguous, aligned and of a type that needs no conversion.
   *
   * @throws PthError for an int64 value beyond 32 bits
   */
  read(): SafeTensor {
    const elements = readElements(this.dtype, this.#rows(), (message) => new PthError(`the tensor ${message}`));
    return { shape: this.shape, ...elements };
  }

  #rows(): Uint8Array {
    const { shape, strides, offset } = this.#view;
    const { bytes } = this.#storage;
    const width = bytesPerElement[this.dtype];
    const size = sizeOf(shape);
    const contiguous = rowMajorStrides(shape);
    if (size === 0 || shape.every((axis, i) => axis === 1 || strides[i] === contiguous[i])) {
      return bytes.subarray(offset * width, (offset + size) * width);
    }
    // Elements of 8 bytes are copied as two words, as if there were a last axis of length 2.
    const words = width === 8 ? 2 : 1;
    const type = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: Uint32Array }[width];
    const rows = new Uint8Array(size * width);
    gather(view<Words>(type, rows), view<Words>(type, bytes), {
      shape: [...shape, words],
      strides: [...strides.map((stride) => stride * words), 1],
      offset: offset * words,
    });
    return rows;
  }
}

/** `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks)`. */
export function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): PthTensor {
  if (!(storage instanceof Storage && isCount(offset) && isCounts(shape) && isCounts(strides))) {
    throw new PthError('a tensor is not made of a storage, an offset, a shape and strides: the file is damaged');
  }
  return new PthTensor(storage, { shape, strides, offset });
}

function requireInside(stored: number, { shape, strides, offset }: StridedView): void {
  if (strides.length !== shape.length) {
    throw new PthError(`a tensor of shape [${shape}] has strides [${strides}]: the file is damaged`);
  }
  if (sizeOf(shape) === 0) return;
  const last = shape.reduce((place, axis, i) => place + (axis - 1) * (strides[i] as number), offset);
  if (last >= stored) {
    throw new PthError(
      `a tensor of shape [${shape}], strides [${strides}] and offset ${offset} reaches element ${last} of a storage ` +
        `with ${stored}: the file is damaged`,
    );
  }
  if (sizeOf(shape) > stored + mostRepeated) {
    throw new PthError(
      `a tensor of shape [${shape}] repeats the ${stored} elements of its storage: save it contiguous`,
    );
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= mostAxes && value.every(isCount);
