/** Draws where a query samples the image in deformable attention, by decoder layer, level and head. */

import {
  boxOutline,
  clipped,
  drawing,
  groupColor,
  type Photo,
  placed,
  px,
  text,
  textWidth,
} from '@dn-detr/report/drawing';
import { type Content, type Html, html } from '@dn-detr/report/markup';
import type { ImageAttention } from './attention.ts';
import { anchorColor, boxColor, lineMark, percentText } from './cross-drawing.ts';
import { sampledPart } from './sampled-part.ts';
import { type LayerSamples, type Sampling, weightShares } from './sampling.ts';

const width = 900;
const left = 54;
const gap = 6;
const widestPanel = 190;
/** Radius in pixels of a sample that has all of its head's weight; areas are proportional to weights. */
const fullRadius = 11;
const partColor = '#f0e442';
/** Smallest radius, so that samples are visible even if they count for almost nothing. */
const leastRadius = 0.6;

/** Shapes of the levels, each with the area of a circle of radius 1: circle, square, diamond, triangles up and down. */
const shapes = [
  'M-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0z',
  'M-.886-.886h1.772v1.772h-1.772z',
  'M0-1.253l1.253 1.253-1.253 1.253-1.253-1.253z',
  'M0-1.555l1.347 2.333h-2.694z',
  'M0 1.555l1.347-2.333h-2.694z',
] as const;
const shapeOf = (level: number): string => shapes[level % shapes.length] as string;

/** The eighth head is white, because there are only seven group colours. */
const headColor = (head: number): string => (head % 8 === 7 ? '#ffffff' : groupColor(head % 8));

interface Size {
  readonly width: number;
  readonly height: number;
}

/** @param photos - The image in colour and in grey. */
export function samplingDrawing(
  found: ImageAttention,
  sampling: Sampling,
  { color, grey }: { readonly color: Photo; readonly grey: Photo },
): Html {
  const { image, heads, query } = found;
  const { strides, layers } = sampling;
  const levels = strides.length;
  const columns = levels + 2;
  const panel = Math.min(widestPanel, (width - left - (columns - 1) * gap) / columns);
  const size = { width: panel, height: Math.min(1.5 * panel, (panel * image.height) / image.width) };
  const names = ['image', 'all levels', ...strides.map((stride, level) => `level ${level + 1}, stride ${stride}`)];
  const part = sampledPart(found, sampling);
  const frame = [part.x + part.side / 2, part.y + part.side / 2, part.side, part.side];
  // Size of the full image, of which the panels of levels show a part.
  const large = { width: size.width / part.side, height: size.height / part.side };
  const top = 42;
  const rowHeight = size.height + 20;
  const height = top + layers.length * rowHeight + 46;
  const xOf = (column: number) => left + column * (panel + gap);
  const note = (column: number, y: number, words: string) =>
    text(xOf(column) + panel, y + size.height + 11, words, { anchor: 'end', size: 9, fill: 'var(--muted)' });
  return drawing(
    { width, height, description: `Where query ${query} samples ${image.name}, by decoder layer and level` },
    html`<defs>${color.definition}${grey.definition}</defs>`,
    text(0, 14, `Where query ${query} samples the image`, { bold: true, size: 13 }),
    names.map((name, i) => text(xOf(i) + panel / 2, 34, name, { anchor: 'middle', bold: i < 2 })),
    layers.map((layer, l) => {
      const y = top + l * rowHeight;
      const shares = weightShares(layer, heads, levels);
      return [
        text(0, y + 14, `layer ${l + 1}`, { bold: true }),
        clipped(
          { x: xOf(0), y, ...size },
          color.use(size.width, size.height),
          outlines(found, layer, l, size),
          part.side < 1 && boxOutline(frame, 0, size, { kind: 'part', color: partColor, width: 1.2 }),
        ),
        [undefined, ...strides.keys()].map((level, i) =>
          clipped(
            { x: xOf(i + 1), y, ...size },
            placed(
              -part.x * large.width,
              -part.y * large.height,
              1,
              grey.use(large.width, large.height),
              html`<rect width="${px(large.width)}" height="${px(large.height)}" fill="#000" fill-opacity="0.35"/>`,
              outlines(found, layer, l, large),
              sampleMarks(layer, { heads, levels, level, size: large }),
            ),
          ),
        ),
        shares.outside > 0 && note(0, y, `${percentText(shares.outside)} outside the image`),
        note(1, y, `one sample: up to ${percentText(Math.max(...layer.weights))}`),
        shares.levels.map((share, level) => note(level + 2, y, `${percentText(share)} of the weight`)),
      ];
    }),
    placed(left, height - 26, 1, legend(heads, strides.length)),
    placed(left, height - 6, 1, lines(layers, part.side < 1)),
  );
}

/** Draws the layer's reference point or box, and the box that it predicts. */
function outlines({ known, query, layers }: ImageAttention, { reference }: LayerSamples, l: number, size: Size): Html {
  const predicted = layers[l]?.boxes ?? [];
  const from =
    reference.length === 4
      ? boxOutline(reference, 0, size, { kind: 'anchor', color: anchorColor, width: 1.5, dashes: '3 3' })
      : placed((reference[0] as number) * size.width, (reference[1] as number) * size.height, 1, pointMark());
  return html`${boxOutline(predicted, known + query, size, { kind: 'box', color: boxColor, width: 1.8 })}${from}`;
}

const pointMark = (): Html =>
  html`<g class="point" fill="none"><path d="M-7 0h14M0-7v14" stroke="#000" stroke-opacity="0.6" stroke-width="3.1"/><path d="M-7 0h14M0-7v14" stroke="${anchorColor}" stroke-width="1.5"/></g>`;

interface Marks {
  readonly heads: number;
  readonly levels: number;
  /** The only level to show, from 0; all levels if undefined. */
  readonly level: number | undefined;
  readonly size: Size;
}

/** Draws the samples, smaller marks over larger ones. */
function sampleMarks({ locations, weights }: LayerSamples, { heads, levels, level: only, size }: Marks): Content {
  const points = weights.length / heads / levels;
  return Array.from(weights, (weight, i) => ({
    weight,
    level: Math.floor(i / points) % levels,
    head: Math.floor(i / points / levels),
    x: (locations[2 * i] as number) * size.width,
    y: (locations[2 * i + 1] as number) * size.height,
  }))
    .filter(({ level }) => only === undefined || level === only)
    .sort((a, b) => b.weight - a.weight)
    .map(({ weight, level, head, x, y }) => mark({ x, y, weight, level, color: headColor(head) }));
}

interface Mark {
  readonly x: number;
  readonly y: number;
  readonly weight: number;
  readonly level: number;
  readonly color: string;
}

function mark({ x, y, weight, level, color }: Mark): Html {
  const radius = Math.max(leastRadius, fullRadius * Math.sqrt(weight));
  return html`<path class="sample" d="${shapeOf(level)}" transform="translate(${px(x)} ${px(y)}) scale(${px(radius)})" fill="${color}" fill-opacity="0.85" stroke="#000" stroke-opacity="0.6" stroke-width="${px(0.8 / radius)}"/>`;
}

/** Heads by colour, levels by shape, and weight by size. */
function legend(heads: number, levels: number): Content {
  let x = 0;
  const entries: Html[] = [];
  const put = (mark: Html, words: string, room = 16): void => {
    entries.push(placed(x, 0, 1, mark, text(room, 0, words)));
    x += room + textWidth(words) + 10;
  };
  const shown = (level: number, color: string, weight = 0.2) => mark({ x: 6, y: -4, weight, level, color });
  for (let head = 0; head < heads; head++) put(shown(0, headColor(head)), head === 0 ? 'head 1' : `${head + 1}`);
  x += 12;
  for (let level = 0; level < levels; level++) put(shown(level, '#999'), level === 0 ? 'level 1' : `${level + 1}`);
  x += 12;
  for (const weight of [0.02, 0.1, 0.3])
    put(shown(0, '#999', weight), `${weight < 0.1 ? 'weight ' : ''}${percentText(weight)}`);
  return entries;
}

/** The legend of the outlines. */
function lines(layers: readonly LayerSamples[], enlarged: boolean): Content {
  const sizes = layers.map(({ reference }) => reference.length);
  const entries: readonly (readonly [Html, string])[] = [
    [lineMark(0, boxColor), 'box predicted after the layer'],
    ...(sizes.includes(2) ? [[placed(7, -4, 1, pointMark()), 'point that the layer starts from'] as const] : []),
    ...(sizes.includes(4) ? [[lineMark(0, anchorColor, '3 3'), 'box that the layer starts from'] as const] : []),
    ...(enlarged ? [[lineMark(0, partColor), 'part enlarged in the other panels'] as const] : []),
  ];
  return entries.map(([mark, words], i) => placed(210 * i, 0, 1, mark, text(20, 0, words)));
}
