/** Draws the cross-attention of a query to the cells of a feature map, by decoder layer and head. */

import { boxOutline, clipped, drawing, type Photo, placed, px, text } from '@dn-detr/report/drawing';
import { type Html, html } from '@dn-detr/report/markup';
import { type CellAttention, type ImageAttention, type LayerAttention, meanOverHeads } from './attention.ts';
import type { FeatureGrid } from './feature-grid.ts';
import { heatCells, overImage } from './heat.ts';

const width = 900;
const left = 54;
const gap = 6;
const widestPanel = 168;
export const anchorColor = '#ffffff';
export const boxColor = '#56b4e9';

/** @param photos - The image in colour and in grey. */
export function crossDrawing(
  found: ImageAttention,
  { grid, layers: weights }: CellAttention,
  { color, grey }: { readonly color: Photo; readonly grey: Photo },
): Html {
  const { image, heads, layers } = found;
  const columns = heads + 2;
  const panel = Math.min(widestPanel, (width - left - (columns - 1) * gap) / columns);
  const size = { width: panel, height: Math.min(1.5 * panel, (panel * image.height) / image.width) };
  const names = ['image', 'mean', ...Array.from({ length: heads }, (_, h) => `head ${h + 1}`)];
  const top = 20;
  const rowHeight = size.height + 18;
  const hasAnchors = layers.some(({ anchors }) => anchors !== undefined);
  const height = top + layers.length * rowHeight + 22;
  const xOf = (column: number) => left + column * (panel + gap);
  return drawing(
    { width, height, description: `Cross-attention of query ${found.query} over ${image.name}, by layer and head` },
    html`<defs>${color.definition}${grey.definition}</defs>`,
    names.map((name, i) => text(xOf(i) + panel / 2, 12, name, { anchor: 'middle', bold: i < 2 })),
    layers.map((layer, l) => {
      const y = top + l * rowHeight;
      const ofLayer = weights[l] as Float32Array;
      const maps = [meanOverHeads(ofLayer, heads), ...headsOf(ofLayer, heads)];
      return [
        text(0, y + 14, `layer ${l + 1}`, { bold: true }),
        clipped({ x: xOf(0), y, ...size }, color.use(size.width, size.height), boxes(found, layer, size)),
        maps.map((map, i) => {
          const x = xOf(i + 1);
          const most = Math.max(...map);
          return [
            clipped(
              { x, y, ...size },
              grey.use(size.width, size.height),
              heatMap(grid, map, most, size),
              boxes(found, layer, size),
            ),
            text(x + panel, y + size.height + 11, percentText(most), { anchor: 'end', size: 9, fill: 'var(--muted)' }),
          ];
        }),
      ];
    }),
    placed(left, height - 6, 1, legend(hasAnchors, Math.max(...names.map((_, i) => xOf(i))))),
  );
}

const headsOf = (weights: Float32Array, heads: number): Float32Array[] => {
  const size = weights.length / heads;
  return Array.from({ length: heads }, (_, h) => weights.subarray(h * size, (h + 1) * size));
};

export const percentText = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Draws the cells of the feature map over the full image; cells in the padding lie outside. */
export function heatMap(grid: FeatureGrid, map: Float32Array, most: number, { width, height }: Size): Html {
  const scale = `${(grid.cell.width * width).toPrecision(6)} ${(grid.cell.height * height).toPrecision(6)}`;
  const cells = heatCells(map, { columns: grid.columns, most, style: overImage });
  return html`<rect width="${px(width)}" height="${px(height)}" fill="#000" fill-opacity="0.35"/><g transform="scale(${scale})">${cells}</g>`;
}

/** Draws the query's anchor in the layer and the box that it predicts after the layer. */
function boxes({ known, query }: ImageAttention, { anchors, boxes: predicted }: LayerAttention, size: Size): Html {
  const at = known + query;
  return html`${anchors && boxOutline(anchors, at, size, { kind: 'anchor', color: anchorColor, width: 1.5, dashes: '3 3' })}${boxOutline(predicted, at, size, { kind: 'box', color: boxColor, width: 1.8 })}`;
}

function legend(hasAnchors: boolean, length: number): Html {
  const scale = Array.from({ length: 16 }, (_, i) => {
    const { fill, opacity } = overImage((i + 1) / 16);
    return html`<rect x="${8 * i}" y="-9" width="8" height="10" fill="${fill}" fill-opacity="${opacity.toFixed(3)}"/>`;
  });
  const at = Math.min(420, length);
  return html`<rect y="-9" width="128" height="10" fill="#555"/>${scale}${text(134, 0, 'weight, from 0 to the % under the panel')}${lineMark(at, boxColor)}${text(at + 20, 0, 'box predicted after the layer')}${
    hasAnchors && html`${lineMark(at + 200, anchorColor, '3 3')}${text(at + 220, 0, 'anchor that enters the layer')}`
  }`;
}

/** A short line for a legend. */
export const lineMark = (x: number, color: string, dashes?: string): Html =>
  html`<rect x="${x}" y="-9" width="14" height="10" fill="#555"/><path d="M${x} -4h14" stroke="${color}" stroke-width="2"${dashes !== undefined && html` stroke-dasharray="${dashes}"`}/>`;
