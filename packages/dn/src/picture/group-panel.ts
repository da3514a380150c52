/** One group of an image: the noised boxes over the true ones, with their labels, and the slots below. */
import type { Objects } from '@dn-detr/boxes';
import type { KnownQueries } from '../queries.ts';
import { type Cell, cellOf, drawCell, faint, flipColor, ink, objectColor } from './style.ts';
import { element, label, moved, rectangle } from './svg.ts';

export const panelSide = 172;
const titleHeight = 18;
const stripHeight = 12;
const fontSize = 9;
/** In a monospaced font the width of a text is known without measuring it. */
const monospace = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
export const panelHeight = titleHeight + panelSide + 4 + stripHeight;

export interface PanelContent {
  readonly queries: KnownQueries;
  readonly target: Objects;
  readonly image: number;
  readonly className: (label: number) => string;
}

export function drawGroupPanel({ queries, target, image, className }: PanelContent, group: number): string {
  const { known, groupSize } = queries.layout;
  const places = Array.from({ length: groupSize }, (_, i) => image * known + group * groupSize + i);
  const cells = places.map((at) => ({ at, cell: cellOf(queries, at, target) }));
  const real = cells.filter(({ cell }) => cell.object >= 0);

  const truth = [...new Set(real.map(({ cell }) => cell.object))].map((object) =>
    drawBox(target.boxes, object, { stroke: ink, 'stroke-width': 1, 'stroke-dasharray': '1.5 2.5' }),
  );
  const noised = real.map(({ at, cell }) => drawBox(queries.boxes, at, boxStyle(cell)));
  const tags = placeTags(
    real.map(({ at, cell }) => {
      const [fed, clean] = [queries.labels[at] as number, target.labels[cell.object] as number].map(className);
      return { box: frameOf(queries.boxes, at), cell, text: cell.flipped ? `${clean} → ${fed}` : `${fed}` };
    }),
  );

  const cellWidth = panelSide / groupSize;
  const view = { width: panelSide, height: panelSide, y: titleHeight };
  return [
    label(`group ${group}`, { x: 0, y: 12, 'font-size': 11, fill: faint }),
    // A nested svg clips what reaches over the image's edge.
    element(
      'svg',
      view,
      element('title', {}, `group ${group} of image ${image}`),
      rectangle(0, 0, panelSide, panelSide, { fill: '#f8f9fb' }),
      ...truth,
      ...noised,
      ...tags,
    ),
    rectangle(0, titleHeight, panelSide, panelSide, { fill: 'none', stroke: '#c5cad5' }),
    moved(
      0,
      titleHeight + panelSide + 4,
      ...cells.map(({ cell }, i) => drawCell(cell, i * cellWidth, 0, cellWidth, stripHeight)),
    ),
  ].join('');
}

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** In pixels of the panel; crossed corners of a negative are drawn as the box between them. */
function frameOf(boxes: ArrayLike<number>, at: number): Frame {
  const [cx = 0, cy = 0, w = 0, h = 0] = Array.from({ length: 4 }, (_, i) => (boxes[4 * at + i] as number) * panelSide);
  const [width, height] = [Math.abs(w), Math.abs(h)];
  return { x: cx - width / 2, y: cy - height / 2, width, height };
}

function drawBox(boxes: ArrayLike<number>, at: number, style: Record<string, string | number>): string {
  const { x, y, width, height } = frameOf(boxes, at);
  return rectangle(x, y, width, height, { fill: 'none', ...style });
}

function boxStyle({ object, negative }: Cell): Record<string, string | number> {
  const stroke = objectColor(object);
  return negative
    ? { stroke, 'stroke-width': 1.3, 'stroke-dasharray': '5 3' }
    : { stroke, 'stroke-width': 2, fill: stroke, 'fill-opacity': 0.1 };
}

interface Tag {
  readonly box: Frame;
  readonly cell: Cell;
  readonly text: string;
}

/** Labels at their boxes, those that find a place where they cover no other; flipped ones come first. */
function placeTags(tags: readonly Tag[]): string[] {
  const taken: Frame[] = [];
  const drawn = [...tags]
    .sort((a, b) => Number(b.cell.flipped) - Number(a.cell.flipped))
    .flatMap(({ box, cell, text: whole }) => {
      const text = cut(whole);
      const size = { width: tagWidth(text.length), height: fontSize + 3.5 };
      const [top, bottom] = [box.y - size.height, box.y + box.height];
      const [left, right] = [box.x - 1, box.x + box.width + 1 - size.width];
      const inner = [box.y + 1, box.y + box.height - size.height - 1];
      const spots = [top, bottom, ...inner].flatMap((y) => [left, right].map((x) => inPanel({ x, y, ...size })));
      const spot = spots.find((frame) => !taken.some((other) => overlaps(frame, other)));
      if (spot === undefined) return [];
      taken.push(spot);
      return [drawTag(spot, cell, text)];
    });
  return drawn.reverse();
}

function tagWidth(characters: number): number {
  return 6 + 0.605 * fontSize * characters;
}

/** A text that fits into the panel. */
function cut(text: string): string {
  if (tagWidth(text.length) <= panelSide) return text;
  const characters = [...text];
  while (tagWidth(characters.length + 1) > panelSide) characters.pop();
  return `${characters.join('')}…`;
}

function inPanel(frame: Frame): Frame {
  const within = (start: number, length: number) => Math.max(0, Math.min(start, panelSide - length));
  return { ...frame, x: within(frame.x, frame.width), y: within(frame.y, frame.height) };
}

function overlaps(a: Frame, b: Frame): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function drawTag({ x, y, width, height }: Frame, { object, negative, flipped }: Cell, text: string): string {
  const color = objectColor(object);
  const fill = flipped ? flipColor : negative ? '#ffffff' : color;
  return (
    rectangle(x, y, width, height, { fill, stroke: negative ? color : 'none', rx: 2 }) +
    label(text, {
      x: x + 3,
      y: y + height - 3.5,
      'font-family': monospace,
      'font-size': fontSize,
      'font-weight': 600,
      fill: negative && !flipped ? ink : '#ffffff',
    })
  );
}
