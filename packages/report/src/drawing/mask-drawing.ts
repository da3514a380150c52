/** Draws an image's attention mask: queries as rows, keys as columns, known ones first. */
import type { GroupLayout, KnownQueries } from '@dn-detr/dn';
import { type Html, html } from '../markup/html.ts';
import { blockedRectangles } from './blocked-rectangles.ts';
import { groupColor } from './group-colors.ts';
import { placed, px, text } from './svg.ts';

const margin = 34;
const stripWidth = 8;

/**
 * Draws the mask as a square of `side` pixels, with the groups along its edges. Blocked pairs are rectangles of class `blocked`,
 * hidden padding columns are of class `padding`, both in units of queries.
 *
 * @param index - Index of the image in its batch.
 * @param hatch - `id` of the hatching that marks padding.
 */
export function maskDrawing(queries: KnownQueries, index: number, side: number, hatch: string): Html {
  const { layout, groupMask, keyPadding } = queries;
  const { total } = layout;
  const inner = side - margin;
  const scale = inner / total;
  const columns = Array.from({ length: total }, (_, j) => j).filter((j) => keyPadding?.[index * total + j] === 1);
  return placed(
    margin,
    margin,
    1,
    html`<rect width="${px(inner)}" height="${px(inner)}" fill="var(--panel)"/>`,
    columns.map(
      (j) => html`<rect x="${px(j * scale)}" width="${px(scale)}" height="${px(inner)}" fill="url(#${hatch})"/>`,
    ),
    placed(
      0,
      0,
      scale,
      columns.map((j) => html`<rect class="padding" x="${j}" y="0" width="1" height="${total}" fill="none"/>`),
      blockedRectangles(groupMask, total).map(
        ({ i, j, rows, columns: width }) =>
          html`<rect class="blocked" x="${j}" y="${i}" width="${width}" height="${rows}" fill="var(--muted)"/>`,
      ),
    ),
    boundaries(layout, scale, inner),
    html`<rect width="${px(inner)}" height="${px(inner)}" fill="none" stroke="var(--muted)"/>`,
    groupStrip(layout, scale),
    // The same strip along the other axis, with x and y swapped; the names are rotated separately.
    html`<g transform="matrix(0 1 1 0 0 0)">${groupStrip(layout, scale, false)}</g>`,
    html`<g transform="rotate(-90)">${stripNames(layout, scale).map(({ name, at }) => text(-at, namesAt, name, { anchor: 'middle' }))}</g>`,
  );
}

const namesAt = -stripWidth - 7;

/** Lines between the groups, and between them and the matching queries. */
export function boundaries({ groups, groupSize }: GroupLayout, scale: number, side: number): Html {
  const lines = Array.from({ length: groupSize > 0 ? groups : 0 }, (_, g) => px((g + 1) * groupSize * scale));
  return html`<path d="${lines.map((at) => `M${at} 0V${px(side)}M0 ${at}H${px(side)}`).join('')}" stroke="var(--background)" fill="none"/>`;
}

/** The queries along an upper edge: groups in their colours, then the matching ones. */
export function groupStrip(layout: GroupLayout, scale: number, named = true): Html {
  const { groups, groupSize, known, matching } = layout;
  const strip = (from: number, count: number, fill: string) =>
    html`<rect x="${px(from * scale)}" y="${-stripWidth - 3}" width="${px(count * scale)}" height="${stripWidth}" fill="${fill}"/>`;
  return html`${Array.from({ length: groupSize > 0 ? groups : 0 }, (_, g) => strip(g * groupSize, groupSize, groupColor(g)))}${strip(known, matching, 'var(--rule)')}${
    named && stripNames(layout, scale).map(({ name, at }) => text(at, namesAt, name, { anchor: 'middle' }))
  }`;
}

/** Names of the groups, if there is room for each number, and of the matching queries, if there is room for the word. */
function stripNames(
  { groups, groupSize, known, matching, total }: GroupLayout,
  scale: number,
): { name: string; at: number }[] {
  const width = groupSize * scale;
  const rest = { name: 'matching', at: (known + matching / 2) * scale };
  if (known === 0) return [rest];
  if (width < 4 + 8 * `${groups}`.length) {
    return [
      { name: 'known', at: (known / 2) * scale },
      { ...rest, at: Math.min(rest.at, total * scale - wordWidth / 2) },
    ];
  }
  const names = Array.from({ length: groups }, (_, g) => ({
    name: width < wordWidth ? `${g + 1}` : `group ${g + 1}`,
    at: (g + 0.5) * width,
  }));
  return matching * scale < wordWidth ? names : [...names, rest];
}

const wordWidth = 52;
