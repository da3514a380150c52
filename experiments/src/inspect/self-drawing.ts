/** Draws the self-attention of a query to the other queries, by decoder layer and head. */

import {
  boxOutline,
  boxTags,
  clipped,
  drawing,
  frameOf,
  groupColor,
  groupStrip,
  type Photo,
  placed,
  px,
  text,
} from '@dn-detr/report/drawing';
import { type Content, type Html, html } from '@dn-detr/report/markup';
import { type ImageAttention, type LayerAttention, meanOverHeads } from './attention.ts';
import { boxColor, percentText } from './cross-drawing.ts';
import { heatCells, onGround } from './heat.ts';

const width = 900;
const photoWidth = 190;
const plotAt = photoWidth + 70;
const plotWidth = width - plotAt - 4;
const leastBars = 56;
const headHeight = 8;
const attendedColor = '#f0e442';
/** Limit for drawn boxes; more would hide the image. */
const mostBoxes = 8;

/** @param photo - The image in colour. */
export function selfDrawing(found: ImageAttention, photo: Photo): Html {
  const { image, heads, layers, query, groups } = found;
  const size = { width: photoWidth, height: Math.min(1.5 * photoWidth, (photoWidth * image.height) / image.width) };
  const top = groups ? 34 : 14;
  const belowBars = 8 + heads * headHeight + 14;
  const barHeight = Math.max(leastBars, size.height - belowBars);
  const rowHeight = barHeight + belowBars + 18;
  const height = top + layers.length * rowHeight + 4;
  const total = (layers[0] as LayerAttention).self.length / heads;
  const scale = plotWidth / total;
  return drawing(
    { width, height, description: `Self-attention of query ${query} in ${image.name}, by layer and head` },
    html`<defs>${photo.definition}</defs>`,
    groups && placed(plotAt, 30, 1, groupStrip(groups.queries.layout, scale)),
    layers.map((layer, l) => {
      const mean = meanOverHeads(layer.self, heads);
      return placed(
        0,
        top + l * rowHeight,
        1,
        clipped({ x: 0, y: 0, ...size }, photo.use(size.width, size.height), attended(found, layer, mean, size)),
        placed(plotAt, 0, 1, plot(found, layer, mean, { l, scale, barHeight })),
      );
    }),
  );
}

/** Draws the boxes of the queries with the highest weights, more opaque for higher weights, and the query's own box. */
function attended(
  { known, query }: ImageAttention,
  { boxes }: LayerAttention,
  mean: Float32Array,
  size: { readonly width: number; readonly height: number },
): Content {
  const own = known + query;
  const others = Array.from(mean, (weight, at) => ({ weight, at }))
    .filter(({ at, weight }) => at !== own && weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, mostBoxes);
  const most = others[0]?.weight ?? 1;
  const drawn = others
    .toReversed()
    .map(({ weight, at }) =>
      boxOutline(boxes, at, size, { kind: 'attended', color: attendedColor, opacity: Math.max(0.12, weight / most) }),
    );
  const tags = others.slice(0, 3).map(({ at }) => ({
    words: at < known ? `known ${at}` : `${at - known}`,
    frame: frameOf(boxes, at, size),
    fill: attendedColor,
    ink: '#111',
  }));
  const self = { words: `${query}`, frame: frameOf(boxes, own, size), fill: boxColor, ink: '#111' };
  return [
    drawn,
    boxOutline(boxes, own, size, { kind: 'box', color: boxColor, width: 2.2 }),
    boxTags([self, ...tags], size),
  ];
}

/** Draws bars of the mean over heads, and below them a row of cells for each head. */
function plot(
  { heads, query, known, groups }: ImageAttention,
  { self }: LayerAttention,
  mean: Float32Array,
  { l, scale, barHeight }: { readonly l: number; readonly scale: number; readonly barHeight: number },
): Html {
  const total = mean.length;
  const most = Math.max(...mean);
  const own = known + query;
  const bars = Array.from(mean, (weight, at) => {
    if (weight === 0) return undefined;
    const size = (barHeight * weight) / most;
    const fill = at === own ? 'var(--series-1)' : 'var(--series-0)';
    return html`<rect class="bar" x="${px(at * scale)}" y="${px(barHeight - size)}" width="${px(Math.max(0.5, scale - (scale > 3 ? 1 : 0)))}" height="${px(size)}" fill="${fill}"/>`;
  });
  const layout = groups?.queries.layout;
  const grounds = Array.from({ length: layout && known > 0 ? layout.groups : 0 }, (_, g) => {
    const length = (layout?.groupSize ?? 0) * scale;
    return html`<rect x="${px(g * length)}" width="${px(length)}" height="${barHeight}" fill="${groupColor(g)}" fill-opacity="0.16"/>`;
  });
  const heatMost = Math.max(...self);
  const headsAt = barHeight + 8;
  const side = { anchor: 'end', size: 9, fill: 'var(--muted)' } as const;
  const ticks = ticksOf(total - known);
  return html`${text(-8, 12, `layer ${l + 1}`, { anchor: 'end', bold: true })}${text(-8, 26, percentText(most), side)}${text(-8, barHeight, '0 %', side)}${text(-8, headsAt + headHeight, heads > 1 ? `head 1` : 'head', side)}${heads > 1 && text(-8, headsAt + heads * headHeight, `${heads}`, side)}
${grounds}${bars}<path d="M0 ${barHeight}H${px(total * scale)}" stroke="var(--muted)"/>
<rect y="${headsAt}" width="${px(total * scale)}" height="${heads * headHeight}" fill="var(--panel)"/>
<g transform="translate(0 ${headsAt}) scale(${scale.toPrecision(6)} ${headHeight})">${heatCells(self, { columns: total, most: heatMost, style: onGround, scale: 'root' })}</g>
${ticks.map((tick) => text((known + tick + 0.5) * scale, headsAt + heads * headHeight + 12, tick, { anchor: 'middle', size: 9, fill: tick === query ? 'var(--text)' : 'var(--muted)' }))}
<path d="M${px((own + 0.5) * scale)} ${barHeight + 1.5}l4 6h-8z" fill="var(--series-1)"/>`;
}

/** Numbers of matching queries to show along an axis. */
function ticksOf(count: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((candidate) => count / candidate <= 12) ?? 1000;
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
}
