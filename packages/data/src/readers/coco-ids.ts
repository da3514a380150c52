/** Ids of COCO's images, categories and annotations, which tools write as numbers or as texts. */

/** A safe integer, or a text where the id is none: `2024-frame-001`, `007`, and numbers beyond 2⁵³. */
export type CocoId = number | string;

/** The id that a field holds, or undefined; a text that is exactly a safe integer is that number. */
export function cocoId(value: unknown): CocoId | undefined {
  const id = typeof value === 'string' && String(Number(value)) === value ? Number(value) : value;
  if (Number.isSafeInteger(id)) return id as number;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Numbers by value, those beyond 2⁵³ after the others, then texts by code unit. */
export function compareIds(a: CocoId, b: CocoId): number {
  const [one, other] = [numberOf(a), numberOf(b)];
  if (one !== undefined && other !== undefined && one !== other) return one < other ? -1 : 1;
  if (one === undefined || other === undefined) {
    if (one !== undefined) return -1;
    if (other !== undefined) return 1;
  }
  const [text, otherText] = [String(a), String(b)];
  return text < otherText ? -1 : text > otherText ? 1 : 0;
}

function numberOf(id: CocoId): bigint | number | undefined {
  if (typeof id === 'number') return id;
  return /^-?[1-9]\d{15,}$/.test(id) ? BigInt(id) : undefined;
}

/** Finds ids that are referred to by the same digits without their leading zeros, where that leaves no doubt. */
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
