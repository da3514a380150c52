/** Draws the self-attention of all queries, including known ones; cells that the mask blocks stay blank. */

import { boundaries, drawing, groupStrip, hatching, maskDrawing, placed, px, text } from '@dn-detr/report/drawing';
import { type Html, html } from '@dn-detr/report/markup';
import type { ImageAttention, KnownAttention } from './attention.ts';
import { heatCells, onGround } from './heat.ts';

const width = 900;
const side = 430;
const margin = 34;

export function groupsDrawing({ image, layers }: ImageAttention, { queries, last }: KnownAttention, n: number): Html {
  const { layout } = queries;
  const inner = side - margin;
  const scale = inner / layout.total;
  const strip = groupStrip(layout, scale, false);
  const hatch = `hatch-${n}`;
  return drawing(
    { width, height: side + 26, description: `Self-attention of all queries in ${image.name}, and the mask` },
    html`<defs>${hatching(hatch)}</defs>`,
    text(margin, 14, `Self-attention in layer ${layers.length}, mean over heads`, { bold: true, size: 13 }),
    placed(
      margin,
      24 + margin,
      1,
      html`<rect width="${px(inner)}" height="${px(inner)}" fill="var(--panel)"/>`,
      placed(
        0,
        0,
        scale,
        heatCells(last, { columns: layout.total, most: Math.max(...last), style: onGround, scale: 'root' }),
      ),
      boundaries(layout, scale, inner),
      html`<rect width="${px(inner)}" height="${px(inner)}" fill="none" stroke="var(--muted)"/>`,
      groupStrip(layout, scale),
      html`<g transform="matrix(0 1 1 0 0 0)">${strip}</g>`,
    ),
    text(width - side + margin, 14, 'The mask: rows see columns', { bold: true, size: 13 }),
    placed(width - side, 24, 1, maskDrawing(queries, 0, side, hatch)),
  );
}
