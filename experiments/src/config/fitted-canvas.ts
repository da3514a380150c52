/** Fits a canvas of fixed size to a set of images. */
import type { Size } from '@dn-detr/data';
import type { RunOverrides } from '@dn-detr/train';
import { quantileIndex } from 'd3-array';

/** Sides of a canvas are multiples of this number, which the strides of the recipe `small` divide. */
const multiple = 32;

type Canvas = NonNullable<NonNullable<RunOverrides['data']>['canvas']>;

/** A canvas with less padding if nearly all images are wide, tall or small; a canvas without a fixed size is returned as is. */
export function canvasFor<Given extends Canvas | undefined>(images: readonly Size[], canvas: Given): Given | Size {
  if (!canvas || !('width' in canvas)) return canvas;
  const most = Math.max(canvas.width, canvas.height);
  const longer = Math.min(most, nearlyAll(images.map(({ width, height }) => Math.max(width, height))));
  const share = (side: keyof Size) =>
    nearlyAll(images.map((image) => image[side] / Math.max(image.width, image.height)));
  return { width: roundedUp(longer * share('width')), height: roundedUp(longer * share('height')) };
}

const roundedUp = (size: number): number => multiple * Math.ceil(size / multiple);

/** The 95th percentile, as one of the values. */
const nearlyAll = (values: readonly number[]): number => values[quantileIndex(values, 0.95)] as number;
