/** Draws an image with its objects and the query that each run matches them with: a bar lasts as long as the query stays the same. */

import {
  boxOutline,
  boxTags,
  clipped,
  drawing,
  frameOf,
  groupColor,
  placed,
  px,
  shortened,
  storedPhoto,
  text,
  textWidth,
} from '@dn-detr/report/drawing';
import { type Content, type Html, html } from '@dn-detr/report/markup';
import type { MatchedImage, MatchingGrid, RunMatching } from './matching.ts';

const width = 900;
const photoSide = 230;
const gridAt = photoSide + 64;
const layersWidth = 150;
const trainingWidth = width - gridAt - layersWidth - 34;
const rowHeight = 17;
const headHeight = 40;
const footHeight = 26;

/** Colour of the query that an object ends with; earlier queries alternate between two other colours. */
export const endColor = { fill: '#0072b2', ink: '#ffffff' };
const otherColors = [
  { fill: '#e69f00', ink: '#111111' },
  { fill: '#f5d48a', ink: '#111111' },
] as const;

/** @param n - Number of the image on its page, from 1. */
export function matchingDrawing(image: MatchedImage, n: number): Html {
  const { objects, runs } = image;
  const scale = photoSide / Math.max(image.width, image.height);
  const size = { width: image.width * scale, height: image.height * scale };
  const blockHeight = headHeight + objects.length * rowHeight + footHeight;
  const height = Math.max(size.height + 30, runs.length * blockHeight) + 20;
  const stored = storedPhoto(`photo-${n}`, image, image.jpeg);
  return drawing(
    { width, height, description: `Queries of the objects in ${image.name}, over training and over decoder layers` },
    html`<defs>${stored.definition}</defs>`,
    placed(
      0,
      6,
      1,
      clipped({ x: 0, y: 0, ...size }, stored.use(size.width, size.height), numberedObjects(image, size)),
    ),
    runs.map((run, i) => placed(gridAt, i * blockHeight, 1, runBlock(run, image))),
    placed(gridAt, height - 8, 1, legend()),
  );
}

function numberedObjects(image: MatchedImage, size: { readonly width: number; readonly height: number }): Content {
  const { objects, classes } = image;
  const boxes = objects.flatMap(({ bbox }) => {
    const [x, y, w, h] = bbox as [number, number, number, number];
    return [(x + w / 2) / image.width, (y + h / 2) / image.height, w / image.width, h / image.height];
  });
  return [
    objects.map((_, m) => boxOutline(boxes, m, size, { kind: 'truth', color: groupColor(m), width: 2 })),
    boxTags(
      objects.map(({ label }, m) => ({
        words: `${m + 1} ${classes[label] ?? label}`,
        frame: frameOf(boxes, m, size),
        fill: '#ffffff',
        ink: '#111111',
      })),
      size,
    ),
  ];
}

function runBlock({ run, steps, training, layers }: RunMatching, { objects, classes }: MatchedImage): Html {
  const layersAt = trainingWidth + 34;
  const rows = objects.length * rowHeight;
  return html`${text(0, 13, shortened(run, trainingWidth - 150), { bold: true })}${text(trainingWidth, 13, changesText(training), { anchor: 'end', fill: 'var(--muted)' })}${text(layersAt + layersWidth, 13, changesText(layers), { anchor: 'end', fill: 'var(--muted)' })}
${text(0, 31, 'last layer, over training', { size: 10, fill: 'var(--muted)' })}${text(layersAt, 31, 'over layers, at the end', { size: 10, fill: 'var(--muted)' })}
${placed(
  0,
  headHeight,
  1,
  objects.map(({ label }, m) =>
    text(-6, m * rowHeight + 12.5, shortened(`${m + 1} ${classes[label] ?? label}`, 56, 10), {
      anchor: 'end',
      size: 10,
    }),
  ),
  grid(training, trainingWidth),
  axis(steps, trainingWidth, rows),
)}
${placed(
  layersAt,
  headHeight,
  1,
  grid(layers, layersWidth),
  axis(
    (layers.queries[0] ?? []).map((_, l) => l + 1),
    layersWidth,
    rows,
  ),
)}`;
}

const changesText = ({ changes, pairs }: MatchingGrid): string =>
  `${changes} ${changes === 1 ? 'change' : 'changes'} of ${pairs}`;

/** A sequence of columns with the same query, `[from, to)`. */
interface Stay {
  readonly query: number;
  readonly from: number;
  readonly to: number;
}

function staysOf(row: readonly number[]): Stay[] {
  const starts = row.flatMap((query, i) => (i === 0 || query !== row[i - 1] ? [i] : []));
  return starts.map((from, i) => ({ query: row[from] as number, from, to: starts[i + 1] ?? row.length }));
}

function grid({ queries }: MatchingGrid, length: number): Content {
  return queries.map((row, m) => {
    const cell = length / row.length;
    const end = row.at(-1);
    let others = 0;
    return staysOf(row).map(({ query, from, to }) => {
      const { fill, ink } = query === end ? endColor : (otherColors[others++ % 2] as (typeof otherColors)[number]);
      const [x, y, w] = [from * cell, m * rowHeight, (to - from) * cell - 1];
      const name = query < 0 ? '–' : `${query}`;
      const fits = textWidth(name, 9) <= w;
      return html`<g class="stay"><title>object ${m + 1}: ${query < 0 ? 'no query' : `query ${query}`}</title><rect x="${px(x)}" y="${y + 1}" width="${px(Math.max(0.5, w))}" height="${rowHeight - 2}" fill="${query < 0 ? 'var(--panel)' : fill}"/>${
        fits && text(x + w / 2, y + 12, name, { anchor: 'middle', size: 9, fill: query < 0 ? 'var(--text)' : ink })
      }</g>`;
    });
  });
}

/** Draws the numbers of as many columns as there is room for. */
function axis(numbers: readonly number[], length: number, y: number): Content {
  const cell = length / Math.max(1, numbers.length);
  const widest = Math.max(0, ...numbers.map((number) => textWidth(`${number}`, 9) + 8));
  const every = Math.max(1, Math.ceil(widest / cell));
  return numbers.map(
    (number, i) =>
      (numbers.length - 1 - i) % every === 0 &&
      text((i + 0.5) * cell, y + 12, number, { anchor: 'middle', size: 9, fill: 'var(--muted)' }),
  );
}

function legend(): Html {
  const swatch = (x: number, fill: string) => html`<rect x="${x}" y="-9" width="14" height="10" fill="${fill}"/>`;
  return html`${swatch(0, endColor.fill)}${text(20, 0, 'the query that the object ends with')}${swatch(230, otherColors[0].fill)}${swatch(246, otherColors[1].fill)}${text(266, 0, 'other queries, alternating; numbers are queries')}`;
}
