/** Reads the boxes of COCO's files: x, y, width and height in pixels. */
import { type JsonObject, unexpected } from './fields.ts';

/**
 * Reads an annotation's box. pycocotools passes it to numpy, which accepts numbers in quotes, and null as NaN. If there
 * is no box, or an empty one, the bounds of the polygons are taken.
 *
 * @throws CocoFormatError if there is neither
 */
export function annotatedBox(
  { bbox, segmentation }: JsonObject,
  where: string,
): { readonly box: readonly number[]; readonly ofPolygons: boolean } {
  if (bbox === undefined || bbox === null || (Array.isArray(bbox) && bbox.length === 0)) {
    const box = boundsOf(segmentation);
    if (box !== undefined) return { box, ofPolygons: true };
    throw unexpected(bbox, `${where}.bbox`, '[x, y, width, height] in pixels, or polygons in "segmentation"');
  }
  const box = Array.isArray(bbox) ? bbox.map(asNumpyReads) : [];
  if (box.length === 4 && box.every((value) => value !== undefined)) return { box, ofPolygons: false };
  throw unexpected(bbox, `${where}.bbox`, '[x, y, width, height] in pixels, four numbers');
}

/**
 * Writes a detection's box to `out` from `at` on. pycocotools computes with it directly, so it must consist of numbers,
 * which may be NaN or infinite; Python's true is 1.
 */
export function copyDetectedBox({ bbox }: JsonObject, where: string, out: Float64Array, at: number): void {
  let isBox = Array.isArray(bbox) && bbox.length === 4;
  for (let k = 0; isBox && k < 4; k++) {
    const value: unknown = (bbox as unknown[])[k];
    isBox = typeof value === 'number' || typeof value === 'boolean';
    out[at + k] = Number(value);
  }
  if (!isBox) throw unexpected(bbox, `${where}.bbox`, '[x, y, width, height] in pixels, four numbers');
}

function asNumpyReads(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if (value === null) return Number.NaN;
  return typeof value === 'string' ? parseFloatText(value) : undefined;
}

/** Parses text like Python's `float`; undefined where that would raise an error. */
export function parseFloatText(text: string): number | undefined {
  const bare = text.trim().replaceAll(/(?<=\d)_(?=\d)/g, '');
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(bare)) return Number(bare);
  const [, sign, word] = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(bare) ?? [];
  if (word === undefined) return undefined;
  if (word.toLowerCase() === 'nan') return Number.NaN;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/**
 * Bounds of polygons `[x1, y1, x2, y2, …]` with at least three corners each; undefined for anything else, such as a
 * mask.
 */
function boundsOf(segmentation: unknown): readonly number[] | undefined {
  if (!Array.isArray(segmentation) || segmentation.length === 0) return undefined;
  const polygons: unknown[] = typeof segmentation[0] === 'number' ? [segmentation] : segmentation;
  const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const polygon of polygons) {
    if (!Array.isArray(polygon) || polygon.length < 6 || polygon.length % 2 !== 0) return undefined;
    if (!polygon.every(Number.isFinite)) return undefined;
    for (let i = 0; i < polygon.length; i += 2) {
      bounds.left = Math.min(bounds.left, polygon[i]);
      bounds.right = Math.max(bounds.right, polygon[i]);
      bounds.top = Math.min(bounds.top, polygon[i + 1]);
      bounds.bottom = Math.max(bounds.bottom, polygon[i + 1]);
    }
  }
  return [bounds.left, bounds.top, bounds.right - bounds.left, bounds.bottom - bounds.top];
}
