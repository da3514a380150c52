/** `attention.html`: where a trained model looks, image by image. */
import type { Category } from '@dn-detr/data';
import { counted } from '@dn-detr/train';
import { decimal } from '../report/format.ts';
import { type Html, html } from '../report/html.ts';
import { type ImageAttention, type KnownAttention, type LayerAttention, meanOverHeads } from './attention.ts';
import { crossDrawing } from './cross-drawing.ts';
import { groupsDrawing } from './groups-drawing.ts';
import type { Inspection } from './inspection.ts';
import type { Picture } from './output-folder.ts';
import { figureOf } from './page.ts';
import { greyed, photo } from './photo.ts';
import { selfDrawing } from './self-drawing.ts';

export interface AttentionSource {
  readonly checkpoint: string;
  /** name of the model */
  readonly model: string;
  readonly categories: readonly Category[];
}

export async function attentionInspection(
  images: readonly ImageAttention[],
  { checkpoint, model, categories }: AttentionSource,
): Promise<Inspection> {
  const pictures: Picture[] = [];
  const sections: { name: string; content: Html }[] = [];
  const described: object[] = [];
  for (const [i, found] of images.entries()) {
    const n = i + 1;
    const [color, grey, small] = await Promise.all([
      photo(`photo-${n}`, found.pixels),
      photo(`grey-${n}`, greyed(found.pixels)),
      photo(`small-${n}`, found.pixels),
    ]);
    const { groups } = found;
    const cross = { name: `attention-${n}-cross.svg`, drawing: crossDrawing(found, { color, grey }) };
    const self = { name: `attention-${n}-self.svg`, drawing: selfDrawing(found, small) };
    const known = groups && { name: `attention-${n}-groups.svg`, drawing: groupsDrawing(found, groups, n) };
    const own = [cross, self, ...(known ? [known] : [])];
    pictures.push(...own);
    const className = categories[found.label]?.name as string;
    const content = html`<p>Query ${found.query} ends as <b>${className}</b> with a score of ${decimal(found.score, 2)}.</p>
${figureOf(cross.drawing, crossCaption(found))}
${figureOf(self.drawing, selfCaption(found))}
${groups && known && figureOf(known.drawing, groupsCaption(groups))}`;
    sections.push({ name: found.image.name, content });
    described.push(describedImage(found, className, own));
  }
  const anchors = images.some(({ layers }) => layers.some((layer) => layer.anchors !== undefined));
  const lede = html`<p class="lede">One query of ${model}, followed through the decoder in ${counted(images.length, 'image')}; weights of <code>${checkpoint}</code>.</p>
<p>In attention each query is compared with keys, and the better it fits one, the more it takes of what stands there: in cross-attention the
keys are places of the image, so that a query says what to look for and where, and a key what is there. In self-attention the keys are
the other queries, from which a query learns who else answers for an object; this is how the model does without non-maximum suppression.</p>
${!anchors && html`<p class="notice">${model} has no anchors: where a query looks is learned as a vector, and only predicted boxes can be drawn.</p>`}`;
  return {
    page: { title: `Attention of ${model}`, lede, sections },
    pictures,
    about: { checkpoint, model, images: described },
  };
}

function crossCaption({ query, heads, grid }: ImageAttention): Html {
  return html`<b>Cross-attention of query ${query}</b> over the image, by layer (rows) and head (${counted(heads, 'head')} and their mean). A cell is one
of ${grid.rows} × ${grid.columns} of the feature map; each panel has a scale of its own, up to the weight written under it, and weights of a panel sum
to 1 over the map.`;
}

function selfCaption({ query, known, groups }: ImageAttention): Html {
  return html`<b>Self-attention of query ${query}</b> (its triangle; its own bar in another colour). Bars: weight on each query, mean over heads, on a scale
of its own in each layer. Lines of cells below: heads; colour goes with the square root of the weight, and blank is exactly 0. Left: the
boxes of the eight queries it takes most from, the stronger the more, with the numbers of the first three. ${
    groups &&
    known > 0 &&
    `Known queries stand before the matching ones, in the colours of their groups${groups.leak.matchingToKnown === 0 ? '; no matching query takes anything from them' : ''}.`
  }`;
}

function groupsCaption({ leak, queries }: KnownAttention): Html {
  const exact = (weight: number) => (weight === 0 ? 'exactly 0' : weight.toPrecision(2));
  return html`<b>All queries</b>, ${counted(queries.layout.groups, 'group')} of known ones before the matching ones. Left: who takes from whom; colour goes with the
square root of the weight, and blank is exactly 0. Right: the mask. The largest weight in any layer and head that a matching query has on
a known one is <b>${exact(leak.matchingToKnown)}</b>, that a known one has on another group <b>${exact(leak.betweenGroups)}</b>, that any has on a padded
slot <b>${exact(leak.onPadding)}</b>.`;
}

/** Boxes are x, y, width, height in pixels of the upright image. */
function describedImage(found: ImageAttention, category: string, own: readonly Picture[]): object {
  const { image, query, score, known, heads, grid, layers, groups } = found;
  const { width, height } = image;
  const inPixels = (boxes: Float32Array): number[] => {
    const [cx, cy, w, h] = boxes.subarray(4 * (known + query), 4 * (known + query) + 4) as unknown as number[];
    const box = [(cx as number) - (w as number) / 2, (cy as number) - (h as number) / 2, w as number, h as number];
    return box.map((value, i) => Number((value * (i % 2 === 0 ? width : height)).toFixed(2)));
  };
  const strongest = (weights: Float32Array): { at: number; weight: number } => {
    const at = weights.reduce((best, weight, i) => (weight > (weights[best] as number) ? i : best), 0);
    return { at, weight: Number((weights[at] as number).toFixed(4)) };
  };
  const layer = ({ cross, self, boxes, anchors }: LayerAttention) => {
    const cell = strongest(meanOverHeads(cross, heads));
    const other = strongest(meanOverHeads(self, heads));
    return {
      ...(anchors && { anchor: inPixels(anchors) }),
      bbox: inPixels(boxes),
      strongestCell: { row: Math.floor(cell.at / grid.columns), column: cell.at % grid.columns, weight: cell.weight },
      strongestQuery: {
        ...(other.at < known ? { known: other.at } : { query: other.at - known }),
        weight: other.weight,
      },
    };
  };
  return {
    name: image.name,
    pictures: own.map(({ name }) => name),
    width,
    height,
    query,
    category,
    score: Number(score.toFixed(6)),
    featureMap: { rows: grid.rows, columns: grid.columns },
    layers: layers.map(layer),
    ...(groups && { knownQueries: known, largestBlockedWeights: groups.leak }),
  };
}
