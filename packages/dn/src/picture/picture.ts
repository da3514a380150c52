/** A batch's known queries as a picture, to see what a decoder is fed. */
import type { Objects } from '@dn-detr/boxes';
import { DnError } from '../error.ts';
import type { KnownQueries } from '../queries.ts';
import { drawGroupPanel, panelHeight, panelSide } from './group-panel.ts';
import { drawMaskPanel, maskPanelSide } from './mask-panel.ts';
import { blocked, drawCell, faint, hatch, hatchDefinition, ink, matchingColor } from './style.ts';
import { element, heading, label, moved, rectangle } from './svg.ts';

export interface PictureOptions {
  /** names of the classes; without them labels are shown as numbers */
  readonly classNames?: readonly string[];
  /** which images of the batch to draw; all by default */
  readonly images?: readonly number[];
}

const margin = 24;
const gap = 14;
const columns = 3;
const maxPanels = 6;
const headingHeight = 44;
const maskX = columns * (panelSide + gap) + 22;
const width = 2 * margin + maskX + maskPanelSide;
const imageHeight = headingHeight + Math.max(2 * (panelHeight + gap), maskPanelSide) + 22;
const legendHeight = 34;

/**
 * Draws images of a batch as one SVG document. Each row shows the groups (noised boxes in their object's colour over the
 * dotted true ones, flipped labels in black, slots below with hatched padding; six groups at most) and the attention
 * mask of the image.
 *
 * @param targets those from which the queries were made
 * @throws DnError if the targets are not those of the queries, as far as numbers of images and objects show, or an image
 *   is asked for that the batch does not hold
 */
export function drawKnownQueries(
  queries: KnownQueries,
  targets: readonly Objects[],
  { classNames = [], images = targets.map((_, image) => image) }: PictureOptions = {},
): string {
  const { batch } = queries.layout;
  if (targets.length !== batch) {
    throw new DnError(
      `targets are of ${targets.length} images, but the queries of ${batch}: expected those they came from`,
    );
  }
  const className = (index: number) => classNames[index] ?? `${index}`;
  const rows = images.map((image, row) => {
    const target = targets[image];
    if (target === undefined) throw new DnError(`there is no image ${image} in a batch of ${targets.length}`);
    return moved(margin, margin + row * imageHeight, drawImage(queries, target, image, className));
  });
  const height = 2 * margin + images.length * imageHeight + legendHeight;
  const document = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    'font-family': 'system-ui, "Helvetica Neue", Arial, sans-serif',
  };
  return `${element(
    'svg',
    document,
    element('title', {}, 'Known queries and their attention masks'),
    hatchDefinition,
    rectangle(0, 0, width, height, { fill: '#ffffff' }),
    ...rows,
    moved(margin, margin + images.length * imageHeight + 12, drawLegend(queries)),
  )}\n`;
}

function drawImage(
  queries: KnownQueries,
  target: Objects,
  image: number,
  className: (label: number) => string,
): string {
  const { groups, contrastive, slots, known, matching } = queries.layout;
  const objects = new Set(queries.objects.subarray(image * known, (image + 1) * known));
  objects.delete(-1);
  const count = target.labels.length;
  if (target.boxes.length !== 4 * count || Math.max(-1, ...objects) >= count) {
    const found = `${count} labels and ${target.boxes.length} box numbers`;
    throw new DnError(`image ${image}: targets with ${found} are not those that the queries came from`);
  }
  const used = objects.size < count ? `${objects.size} of ` : '';
  const perGroup = `${contrastive ? '2 × ' : ''}${counted(slots, 'slot')}`;
  const product = known === 0 ? '' : ` = ${counted(groups, 'group')} × ${perGroup}`;
  const shown = known === 0 ? 0 : groups;
  const drawn = shown > maxPanels ? maxPanels - 1 : shown;
  const place = (i: number) =>
    [(i % columns) * (panelSide + gap), headingHeight + Math.floor(i / columns) * (panelHeight + gap)] as const;
  const panels = Array.from({ length: drawn }, (_, group) =>
    moved(...place(group), drawGroupPanel({ queries, target, image, className }, group)),
  );
  const [restX, restY] = place(drawn);
  const rest = label(`and ${shown - drawn} more groups`, {
    x: restX + panelSide / 2,
    y: restY + panelHeight / 2,
    'text-anchor': 'middle',
    'font-size': 12,
    fill: faint,
  });
  return [
    heading(`image ${image}`, `${used}${counted(count, 'object')}; K = ${known}${product}`, 0, 14, [ink, faint]),
    heading('attention mask', `rows see columns; Q = ${matching}`, maskX, 14, [ink, faint]),
    ...panels,
    ...(shown > drawn ? [rest] : []),
    moved(maskX, headingHeight - 22, drawMaskPanel(queries, target, image)),
  ].join('');
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** What the marks mean; only those that can occur. */
function drawLegend({ layout, groupMask, keyPadding }: KnownQueries): string {
  const { contrastive } = layout;
  const side = 12;
  const cell = { object: 0, negative: false, flipped: false };
  const swatch = (fill: string) => rectangle(0, 0, side, side, { fill, stroke: '#c5cad5', 'stroke-width': 0.5 });
  const truth = rectangle(0, 0, side, side, { fill: 'none', stroke: ink, 'stroke-dasharray': '1.5 2.5' });
  const entries: readonly (readonly [string, string])[] = [
    [truth, 'true box'],
    [drawCell(cell, 0, 0, side, side), contrastive ? 'positive query' : 'known query'],
    ...(contrastive ? [[drawCell({ ...cell, negative: true }, 0, 0, side, side), 'negative query'] as const] : []),
    [drawCell({ ...cell, flipped: true }, 0, 0, side, side), 'label flipped'],
    [swatch(hatch), keyPadding === undefined ? 'padding (visible)' : 'padding (masked)'],
    [swatch(matchingColor), 'matching query'],
    ...(groupMask.includes(1) ? [[swatch(blocked), 'blocked'] as const] : []),
    [swatch('#ffffff'), 'visible'],
  ];
  let x = 0;
  return entries
    .map(([mark, text]) => {
      const entry = moved(x, 0, mark, label(text, { x: side + 6, y: 10.5, 'font-size': 11.5, fill: ink }));
      x += side + 6 + 6.2 * text.length + 20;
      return entry;
    })
    .join('');
}
