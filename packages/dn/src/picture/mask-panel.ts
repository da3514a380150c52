/** An image's attention mask: queries as rows, keys as columns, known ones first. */
import type { Objects } from '@dn-detr/boxes';
import type { KnownQueries } from '../queries.ts';
import { blocked, cellOf, drawCell, faint, hatch, matchingColor } from './style.ts';
import { element, label, moved, rectangle } from './svg.ts';

const maskSide = 372;
const stripWidth = 9;
const stripGap = 3;
const margin = 44;
export const maskPanelSide = margin + maskSide;

export function drawMaskPanel(queries: KnownQueries, target: Objects, image: number): string {
  const { total, groupSize, groups } = queries.layout;
  const scale = maskSide / total;
  const padding = queries.keyPadding?.subarray(image * total, (image + 1) * total) ?? new Uint8Array(total);
  const hatched = Array.from(padding, (padded, j) =>
    padded === 1 ? rectangle(j * scale, 0, scale, maskSide, { fill: hatch }) : '',
  );
  const dark = blockedRectangles(queries.groupMask, total).map(({ i, j, rows, columns }) =>
    rectangle(j * scale, i * scale, columns * scale, rows * scale, { fill: blocked }),
  );
  const boundaries = Array.from({ length: groups }, (_, g) => {
    const at = ((g + 1) * groupSize * scale).toFixed(2);
    return element('path', { d: `M${at} 0V${maskSide}M0 ${at}H${maskSide}`, stroke: '#ffffff' });
  });
  const strip = drawStrip(queries, target, image);
  return moved(
    margin,
    margin,
    ...hatched,
    ...dark,
    ...boundaries,
    rectangle(0, 0, maskSide, maskSide, { fill: 'none', stroke: '#c5cad5' }),
    strip,
    // The same along the other axis: x and y change places.
    element('g', { transform: 'matrix(0 1 1 0 0 0)' }, strip),
    ...axisNames(queries).flatMap(({ text, at }) => [
      element('g', { transform: `translate(${at} ${namesAt})` }, axisName(text)),
      element('g', { transform: `translate(${namesAt} ${at}) rotate(-90)` }, axisName(text)),
    ]),
  );
}

const stripAt = -stripGap - stripWidth;
const namesAt = stripAt - 5;

/** The queries themselves, along the upper edge. */
function drawStrip(queries: KnownQueries, target: Objects, image: number): string {
  const { known, total } = queries.layout;
  const scale = maskSide / total;
  const cells = Array.from({ length: known }, (_, k) =>
    drawCell(cellOf(queries, image * known + k, target), k * scale, stripAt, scale, stripWidth),
  );
  const start = known * scale;
  return cells.join('') + rectangle(start, stripAt, maskSide - start, stripWidth, { fill: matchingColor });
}

/** What stands along an axis, and the middle of it; groups by their numbers where there is room for each. */
function axisNames({ layout }: KnownQueries): { text: string; at: number }[] {
  const { known, groups, groupSize, total } = layout;
  const scale = maskSide / total;
  const groupWidth = groupSize * scale;
  const start = known * scale;
  const matching = { text: 'matching', at: (start + maskSide) / 2 };
  if (known === 0) return [matching];
  if (groupWidth < 14) return [{ text: 'known', at: start / 2 }, matching];
  const named = Array.from({ length: groups }, (_, g) => ({
    text: groupWidth < 46 ? `${g}` : `group ${g}`,
    at: (g + 0.5) * groupWidth,
  }));
  return [...named, matching];
}

function axisName(text: string): string {
  return label(text, { 'text-anchor': 'middle', 'font-size': 10.5, fill: faint });
}

interface Block {
  readonly i: number;
  readonly j: number;
  readonly rows: number;
  columns: number;
}

/** The blocked entries of a mask `[T, T]` as few rectangles: runs of columns over bands of equal rows. */
export function blockedRectangles(mask: Uint8Array, total: number): Block[] {
  const rowAt = (i: number) => mask.subarray(i * total, (i + 1) * total);
  const blocks: Block[] = [];
  for (let i = 0; i < total; ) {
    const row = rowAt(i);
    let rows = 1;
    while (i + rows < total && rowAt(i + rows).every((value, j) => value === row[j])) rows++;
    let run: Block | undefined;
    for (const [j, value] of row.entries()) {
      if (value === 0) run = undefined;
      else if (run !== undefined) run.columns++;
      else {
        run = { i, j, rows, columns: 1 };
        blocks.push(run);
      }
    }
    i += rows;
  }
  return blocks;
}
