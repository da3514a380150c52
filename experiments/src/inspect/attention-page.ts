/** The page `attention.html`: where a trained model looks, image by image. */

import type { Category } from '@dn-detr/data';
import { greyed, photo } from '@dn-detr/report/drawing';
import { decimal, type Html, html } from '@dn-detr/report/markup';
import { counted } from '@dn-detr/train';
import type { ImageAttention, KnownAttention } from './attention.ts';
import { describedAttention } from './attention-json.ts';
import { crossDrawing } from './cross-drawing.ts';
import { groupsDrawing } from './groups-drawing.ts';
import type { Inspection } from './inspection.ts';
import type { Picture } from './output-folder.ts';
import { figureOf } from './page.ts';
import { samplingDrawing } from './sampling-drawing.ts';
import { selfDrawing } from './self-drawing.ts';

export interface AttentionSource {
  readonly checkpoint: string;
  /** Name of the model. */
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
    const { groups, cross: seen } = found;
    const photos = { color, grey };
    const cross = {
      name: `attention-${n}-cross.svg`,
      drawing: seen.kind === 'cells' ? crossDrawing(found, seen, photos) : samplingDrawing(found, seen, photos),
    };
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
    described.push({
      name: found.image.name,
      pictures: own.map(({ name }) => name),
      ...describedAttention(found, className),
    });
  }
  const lede = html`<p class="lede">One query of ${model}, followed through the decoder in ${counted(images.length, 'image')}; weights of <code>${checkpoint}</code>.</p>
${explanation(images, model)}`;
  return {
    page: { title: `Attention of ${model}`, lede, sections },
    pictures,
    about: { checkpoint, model, images: described },
  };
}

/** Explains the kind of attention in these images to readers who do not know it. */
function explanation(images: readonly ImageAttention[], model: string): Html {
  if (images.some(({ cross }) => cross.kind === 'samples')) {
    return html`<p>In deformable cross-attention a query is not compared with the image. It starts from a box or a point, and predicts for each level of
features and each head at which points around it to sample the image, and how much each sample counts.
In self-attention each query is compared with the others, and takes more from another query the better they match: this tells it which
other queries respond to the same object. This is why the model needs no non-maximum suppression.</p>`;
  }
  const anchors = images.some(({ layers }) => layers.some((layer) => layer.anchors !== undefined));
  return html`<p>In attention each query is compared with keys, and takes more of a key's value the better the key matches. In cross-attention the keys are
places in the image: a query says what to look for and where, and a key says what is there. In self-attention the keys are the other
queries, from which a query learns which others respond to the same object; this is why the model needs no non-maximum suppression.</p>
${!anchors && html`<p class="notice">${model} has no anchors: the position of a query is a learned vector, so only predicted boxes can be drawn.</p>`}`;
}

function crossCaption({ query, heads, cross }: ImageAttention): Html {
  if (cross.kind === 'samples') {
    return html`<b>Where query ${query} samples the image</b>, by layer (rows) and level of features (columns; a cell of a level is as many pixels wide as
its stride). Colours are heads, shapes are levels, and areas are weights, which sum to 1 over the samples of a head. Samples outside the
image are zero.`;
  }
  return html`<b>Cross-attention of query ${query}</b> over the image, by layer (rows) and head (${counted(heads, 'head')} and their mean). A cell is one
of ${cross.grid.rows} × ${cross.grid.columns} of the feature map; each panel has its own scale, up to the weight written below it, and the weights of a panel sum
to 1 over the map.`;
}

function selfCaption({ query, known, groups }: ImageAttention): Html {
  return html`<b>Self-attention of query ${query}</b> (marked by a triangle, and by a bar in another colour). Bars: weight on each query, mean over heads, with
a separate scale in each layer. Rows of cells below: heads; colour shows the square root of the weight, and blank is exactly 0. Left: the
boxes of the eight queries with the highest weights, more opaque for higher weights, with the numbers of the first three. ${
    groups &&
    known > 0 &&
    `Known queries come before the matching ones, in the colours of their groups${groups.leak.matchingToKnown === 0 ? '; no matching query takes anything from them' : ''}.`
  }`;
}

function groupsCaption({ leak, queries }: KnownAttention): Html {
  const exact = (weight: number) => (weight === 0 ? 'exactly 0' : weight.toPrecision(2));
  return html`<b>All queries</b>, ${counted(queries.layout.groups, 'group')} of known ones before the matching ones. Left: the weight of each query (row) on each other (column); colour shows the
square root of the weight, and blank is exactly 0. Right: the mask. Over all layers and heads, the largest weight of a matching query on
a known one is <b>${exact(leak.matchingToKnown)}</b>, of a known one on another group <b>${exact(leak.betweenGroups)}</b>, and of any query on a padded
slot <b>${exact(leak.onPadding)}</b>.`;
}
