/** Maps the cells of a feature map to the image. */
import type { Size } from '@dn-detr/data';

/** A feature map over a canvas with the image in its top left corner. */
export interface FeatureGrid {
  readonly rows: number;
  readonly columns: number;
  /** Width and height of a cell as fractions of the image's; cells beyond the image lie in the canvas's padding. */
  readonly cell: Size;
}

/**
 * Finds the grid from the number of cells: backbones halve the canvas several times, rounding up.
 *
 * @param canvas - Size of the canvas.
 * @param image - Size of the image on the canvas.
 * @param cells - Number of cells of the feature map.
 */
export function featureGrid(canvas: Size, image: Size, cells: number): FeatureGrid {
  for (let stride = 1; stride <= 2 * Math.max(canvas.width, canvas.height); stride *= 2) {
    const [rows, columns] = [Math.ceil(canvas.height / stride), Math.ceil(canvas.width / stride)];
    if (rows * columns !== cells) continue;
    // Every cell covers `stride` pixels, even if the last one extends beyond the canvas's edge.
    return { rows, columns, cell: { width: stride / image.width, height: stride / image.height } };
  }
  throw new Error(`${cells} cells are no feature map of a canvas of ${canvas.width} × ${canvas.height} pixels`);
}
