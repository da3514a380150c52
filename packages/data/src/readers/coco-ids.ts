/** Ids of COCO's images, categories and annotations, which tools write as numbers or as texts. */

/** A safe integer, or a text for any other id: `2024-frame-001`, `007`, and numbers beyond 2⁵³. */
export type CocoId = number | string;

/** An id as parsed from a file: JSON numbers beyond 2⁵³ are bigints. */
export type WrittenId = number | bigint | string;

/** The id in a field, or undefined; a text that is exactly a safe integer becomes that number. */
export function cocoId(value: unknown): CocoId | undefined {
  if (typeof value === 'bigint') return String(value);
  const id = typeof value === 'string' && String(Number(value)) === value ? Number(value) : value;
  if (Number.isSafeInteger(id)) return id as number;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Orders ids as pycocotools does: numbers by value before texts by code point, so of texts, "10" comes before "9". */
export function compareWrittenIds(a: WrittenId, b: WrittenId): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === 'string') return 1;
  if (typeof b === 'string') return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Finds ids that are referred to with more or fewer leading zeros, where that is unambiguous. */
export class IdIndex {
  readonly #ids: ReadonlySet<CocoId>;
  readonly #unpadded = new Map<string, CocoId | undefined>();

  constructor(ids: Iterable<CocoId>) {
    this.#ids = new Set(ids);
    for (const id of this.#ids) {
      const key = unpadded(id);
      this.#unpadded.set(key, this.#unpadded.has(key) ? undefined : id);
    }
  }

  /** The listed id that is meant, or undefined. */
  find(id: CocoId): CocoId | undefined {
    return this.#ids.has(id) ? id : this.#unpadded.get(unpadded(id));
  }
}

const unpadded = (id: CocoId): string => String(id).replace(/^0+(?=\d+$)/, '');
