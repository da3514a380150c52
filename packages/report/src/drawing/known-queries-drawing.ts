/** Draws the known queries of an image, all together and group by group, and the attention mask. */

import { type Content, type Html, html } from '../markup/html.ts';
import { inkOn } from './detections-drawing.ts';
import { groupColor } from './group-colors.ts';
import { type QueryImage, type Slot, slotsOf } from './known-queries.ts';
import { maskDrawing } from './mask-drawing.ts';
import { boxOutline, boxTags, frameOf, type Photo, photo } from './photo.ts';
import { clipped, drawing, hatching, placed, px, text } from './svg.ts';

const width = 900;
const side = 430;
const columns = 5;
const panel = (width - (columns - 1) * 12) / columns;
const mostGroups = 15;
const slotHeight = 14;

/**
 * The known queries of an image as an SVG drawing, with their attention mask.
 *
 * @param n - Number of the image on the page, from 1.
 */
export async function knownQueriesDrawing(
  image: QueryImage,
  n: number,
  className: (label: number) => string,
): Promise<Html> {
  const { queries, canvas, size } = image;
  const { groups, groupSize } = queries.layout;
  const stored = await photo(`photo-${n}`, canvas);
  const hatch = `hatch-${n}`;
  const slots = slotsOf(image);
  const byGroup = Array.from({ length: groupSize > 0 ? Math.min(groups, mostGroups) : 0 }, (_, g) =>
    slots.filter(({ group }) => group === g),
  );
  const large = fit(canvas, side, side - 34);
  const small = fit(canvas, panel, panel);
  const view = { image, stored, className, hatch };
  const top = 34;
  const panelsAt = top + side - 14;
  const rowHeight = 22 + small.height + 6 + slotHeight + 14;
  const rows = Math.ceil(byGroup.length / columns);
  const height = panelsAt + rows * rowHeight + 26;
  const shares = { width: size.width / canvas.width, height: size.height / canvas.height };

  return drawing(
    { width, height, description: `Known queries of ${image.name} over the image, and their attention mask` },
    html`<defs>${stored.definition}${hatching(hatch)}</defs>`,
    text(0, 14, 'All known queries', { bold: true, size: 13 }),
    placed(0, top, 1, canvasPanel(view, large, slots)),
    text(width - side + 34, 14, 'Attention mask: rows see columns', { bold: true, size: 13 }),
    placed(width - side, 0, 1, maskAt(view, 26)),
    byGroup.map((own, g) => {
      const [x, y] = [(g % columns) * (panel + 12), panelsAt + Math.floor(g / columns) * rowHeight];
      return placed(
        x,
        y,
        1,
        html`<rect y="6" width="10" height="10" fill="${groupColor(g)}"/>`,
        text(15, 15, `group ${g + 1}`, { bold: true }),
        placed(0, 22, 1, canvasPanel(view, small, own, true)),
        placed(0, 22 + small.height + 6, 1, slotStrip(own, small.width, hatch)),
      );
    }),
    groups > mostGroups &&
      text(width, panelsAt + rows * rowHeight - 1, `and ${groups - mostGroups} more groups`, { anchor: 'end' }),
    placed(0, height - 12, 1, legend(view, shares.width < 1 || shares.height < 1)),
  );
}

interface View {
  readonly image: QueryImage;
  readonly stored: Photo;
  readonly className: (label: number) => string;
  readonly hatch: string;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const maskAt = ({ image: { queries, index }, hatch }: View, y: number) =>
  placed(0, y, 1, maskDrawing(queries, index, side - 16, hatch));

/** As large as fits. */
function fit({ width: w, height: h }: Size, mostWidth: number, mostHeight: number): Size {
  const scale = Math.min(mostWidth / w, mostHeight / h);
  return { width: w * scale, height: h * scale };
}

/** The canvas with true boxes and known queries, and where there is room the labels of those that were flipped. */
function canvasPanel({ image, stored, className, hatch }: View, at: Size, slots: readonly Slot[], small = false): Html {
  const { canvas, size, target, queries } = image;
  const own = { width: (at.width * size.width) / canvas.width, height: (at.height * size.height) / canvas.height };
  const flips = slots.filter(({ flippedTo }) => flippedTo !== undefined);
  const line = small ? 1.6 : 1.8;
  const beside = [
    own.width < at.width &&
      html`<rect x="${px(own.width)}" width="${px(at.width - own.width)}" height="${px(at.height)}" fill="url(#${hatch})"/>`,
    own.height < at.height &&
      html`<rect y="${px(own.height)}" width="${px(own.width)}" height="${px(at.height - own.height)}" fill="url(#${hatch})"/>`,
  ];
  return clipped(
    { x: 0, y: 0, ...at },
    stored.use(at.width, at.height),
    beside,
    slots.map(
      ({ object, at: place, group, negative }) =>
        object >= 0 &&
        boxOutline(queries.boxes, place, own, {
          kind: negative ? 'negative' : 'known',
          color: groupColor(group),
          width: line,
          ...(negative && { dashes: '5 3' }),
        }),
    ),
    Array.from(target.labels, (_, object) =>
      boxOutline(target.boxes, object, own, { kind: 'truth', color: '#fff', width: line, dashes: '2 3' }),
    ),
    boxTags(
      small
        ? flips.map(({ at: place, object, flippedTo }) => ({
            words: `${className(target.labels[object] as number)} → ${className(flippedTo as number)}`,
            frame: frameOf(queries.boxes, place, own),
            fill: '#111',
            ink: '#fff',
          }))
        : Array.from(target.labels, (label, object) => ({
            words: `${object + 1} ${className(label)}`,
            frame: frameOf(target.boxes, object, own),
            fill: '#fff',
            ink: '#111',
          })),
      at,
    ),
  );
}

/** Draws a group's slots with their object's number: dark for flipped labels, hatched for padding, dashed for negatives. */
function slotStrip(slots: readonly Slot[], length: number, hatch: string): Html {
  const cell = length / Math.max(1, slots.length);
  return html`${slots.map(({ object, group, negative, flippedTo }, i) => {
    const color = groupColor(group);
    const fill = object < 0 ? `url(#${hatch})` : negative ? 'var(--background)' : color;
    const flipped = flippedTo !== undefined;
    const frame = html`<rect x="${px(i * cell + 0.75)}" y="0.75" width="${px(cell - 1.5)}" height="${slotHeight - 1.5}" fill="${flipped ? '#111' : fill}" stroke="${object < 0 ? 'var(--rule)' : color}" stroke-width="1.5"${negative && html` stroke-dasharray="3 2"`}/>`;
    const ink = flipped ? '#fff' : negative ? 'var(--text)' : inkOn(color);
    const number =
      object >= 0 &&
      cell > 9 &&
      text((i + 0.5) * cell, slotHeight - 3.5, object + 1, { anchor: 'middle', size: 9, fill: ink });
    return html`<g class="slot">${frame}${number}</g>`;
  })}`;
}

function legend({ image: { queries }, hatch }: View, paddedCanvas: boolean): Content {
  const swatch = (attributes: Html) => html`<rect y="-9" width="11" height="11" ${attributes}/>`;
  const entries: readonly (readonly [Html, string])[] = [
    [swatch(html`fill="none" stroke="var(--text)" stroke-dasharray="2 2"`), 'true box'],
    [swatch(html`fill="${groupColor(0)}"`), 'known query, number of its object'],
    ...(queries.layout.contrastive
      ? [[swatch(html`fill="none" stroke="${groupColor(0)}" stroke-dasharray="4 2"`), 'negative'] as const]
      : []),
    [swatch(html`fill="#111" stroke="var(--muted)"`), 'label flipped'],
    [swatch(html`fill="url(#${hatch})"`), paddedCanvas ? 'padding, of slots and canvas' : 'padding'],
    [swatch(html`fill="var(--muted)"`), 'blocked'],
    [swatch(html`fill="var(--panel)" stroke="var(--rule)"`), 'seen'],
  ];
  let x = 0;
  return entries.map(([mark, words]) => {
    const entry = placed(x, 0, 1, mark, text(16, 0, words));
    x += 16 + 5.9 * words.length + 18;
    return entry;
  });
}
