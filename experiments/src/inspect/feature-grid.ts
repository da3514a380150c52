/** Where the cells of a feature map lie in the image. */
import type { Size } from '@dn-detr/data';

/** A feature map over a canvas that has the image at its top left. */
export interface FeatureGrid {
  readonly rows: number;
  readonly columns: number;
  /** A cell's width and height in shares of the image's; those beyond the image lie in the canvas's padding. */
  readonly cell: Size;
}

/**
 * @param canvas what went into the backbone
 * @param image as large as it is on the canvas
 * @param cells of the feature map: backbones halve the canvas several times, rounding up
 */
export function featureGrid(canvas: Size, image: Size, cells: number): FeatureGrid {
  for (let stride = 1; stride <= 2 * Math.max(canvas.width, canvas.height); stride *= 2) {
    const [rows, columns] = [Math.ceil(canvas.height / stride), Math.ceil(canvas.width / stride)];
    if (rows * columns !== cells) continue;
    // A cell belongs to `stride` pixels, also where the last one reaches over the canvas's edge.
    return { rows, columns, cell: { width: stride / image.width, height: stride / image.height } };
  }
  throw new Error(`${cells} cells are no feature map of a canvas of ${canvas.width} × ${canvas.height} pixels`);
}
