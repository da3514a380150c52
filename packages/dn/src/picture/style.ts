/** Colours and marks that all parts of the picture share. */
import type { KnownQueries } from '../queries.ts';
import { element, rectangle } from './svg.ts';

export const ink = '#1f2430';
export const faint = '#6b7280';
export const blocked = '#3d4663';
export const matchingColor = '#d5d9e2';
export const flipColor = '#111111';

/** Okabe and Ito's colours, which colour-blind people can tell apart. */
const objectColors = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'];

/** By the object's index among its image's targets. */
export const objectColor = (object: number): string => objectColors[object % objectColors.length] as string;

/** Hatching for padding; to be defined once in a picture. */
export const hatchDefinition = element(
  'defs',
  {},
  element(
    'pattern',
    { id: 'dn-padding', width: 5, height: 5, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    rectangle(0, 0, 5, 5, { fill: '#f1f2f5' }),
    rectangle(0, 0, 1.6, 5, { fill: '#b4bac6' }),
  ),
);

export const hatch = 'url(#dn-padding)';

/** One known query as a cell: its object's colour, white with an edge for a negative, a dot for a flipped label. */
export interface Cell {
  /** −1 for padding */
  readonly object: number;
  readonly negative: boolean;
  readonly flipped: boolean;
}

export function cellOf({ objects, negative, labels }: KnownQueries, at: number, target: Labels): Cell {
  const object = objects[at] as number;
  return {
    object,
    negative: negative[at] === 1,
    flipped: object >= 0 && labels[at] !== target.labels[object],
  };
}

interface Labels {
  readonly labels: ArrayLike<number>;
}

export function drawCell(cell: Cell, x: number, y: number, width: number, height: number): string {
  const { object, negative, flipped } = cell;
  const narrow = Math.min(width, height);
  const seam = { stroke: '#ffffff', 'stroke-width': Math.min(0.5, narrow / 8) };
  if (object < 0) return rectangle(x, y, width, height, { fill: hatch, ...seam });
  const color = objectColor(object);
  const edge = Math.min(1.5, narrow / 4);
  const body = negative
    ? rectangle(x + edge / 2, y + edge / 2, width - edge, height - edge, {
        fill: '#ffffff',
        stroke: color,
        'stroke-width': edge,
      })
    : rectangle(x, y, width, height, { fill: color, ...seam });
  if (!flipped) return body;
  const radius = Math.min(2.6, narrow / 3);
  return body + element('circle', { cx: x + width / 2, cy: y + height / 2, r: radius, fill: flipColor });
}
