/** The known queries of an image, prepared for drawings. */
import type { Objects } from '@dn-detr/boxes';
import type { RgbImage } from '@dn-detr/data';
import type { KnownQueries } from '@dn-detr/dn';

/** An image with the known queries that were made for it. */
export interface QueryImage {
  readonly name: string;
  /** The canvas with the image after augmentation and padding. */
  readonly canvas: RgbImage;
  /** Size of the image on the canvas, in its top left corner. */
  readonly size: { readonly width: number; readonly height: number };
  /** Objects with boxes cxcywh in 0..1 of the image. */
  readonly target: Objects;
  /** Known queries of the image's complete micro-batch. */
  readonly queries: KnownQueries;
  /** Index of the image in the micro-batch. */
  readonly index: number;
}

/** A known query's slot, with the properties that a picture shows. */
export interface Slot {
  readonly group: number;
  /** Index in `[B, K]`. */
  readonly at: number;
  /** Index of the object; −1 for padding. */
  readonly object: number;
  readonly negative: boolean;
  /** The query's class if it differs from its object's, otherwise undefined. */
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
