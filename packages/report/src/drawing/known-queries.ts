/** The known queries of an image, as drawings of them need them. */
import type { Objects } from '@dn-detr/boxes';
import type { RgbImage } from '@dn-detr/data';
import type { KnownQueries } from '@dn-detr/dn';

/** An image with the known queries that were made for it. */
export interface QueryImage {
  readonly name: string;
  /** The canvas, with all that augmentation and padding did to the image. */
  readonly canvas: RgbImage;
  /** The part of the canvas, at its top left, that is image. */
  readonly size: { readonly width: number; readonly height: number };
  /** Boxes cxcywh in 0..1 of that part. */
  readonly target: Objects;
  /** Known queries of the image's whole micro-batch. */
  readonly queries: KnownQueries;
  /** Place of the image in the micro-batch. */
  readonly index: number;
}

/** A known query as it is told apart in a picture. */
export interface Slot {
  readonly group: number;
  /** Index in `[B, K]`. */
  readonly at: number;
  /** −1 for padding */
  readonly object: number;
  readonly negative: boolean;
  /** The class that it is given, where that is not its object's. */
  readonly flippedTo: number | undefined;
}

/** The known queries of an image, in their order. */
export function slotsOf({ queries, index, target }: QueryImage): Slot[] {
  const { known, groupSize } = queries.layout;
  return Array.from({ length: known }, (_, k) => {
    const at = index * known + k;
    const object = queries.objects[at] as number;
    const told = queries.labels[at] as number;
    return {
      group: Math.floor(k / groupSize),
      at,
      object,
      negative: queries.negative[at] === 1,
      flippedTo: object >= 0 && told !== target.labels[object] ? told : undefined,
    };
  });
}
