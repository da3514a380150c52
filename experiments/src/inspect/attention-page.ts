/** `attention.html`: where a trained model looks, image by image. */

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

/** Explains the attention of these images to those who do not know it. */
function explanation(images: readonly ImageAttention[], model: string): Html {
  if (images.some(({ cross }) => cross.kind === 'samples')) {
    return html`<p>In deformable cross-attention a query is not compared with the image. It looks from a box or a point, and says itself at
which points around it, on each level of features and for each head, it samples the image, and what each sample counts.
In self-attention each query is compared with the other ones, and the better it fits one, the more it takes of it: so it learns who else
answers for an object. This is how the model does without non-maximum suppression.</p>`;
  }
  const anchors = images.some(({ layers }) => layers.some((layer) => layer.anchors !== undefined));
  return html`<p>In attention each query is compared with keys, and the better it fits one, the more it takes of what stands there: in cross-attention the
keys are places of the image, so that a query says what to look for and where, and a key what is there. In self-attention the keys are
the other queries, from which a query learns who else answers for an object; this is how the model does without non-maximum suppression.</p>
${!anchors && html`<p class="notice">${model} has no anchors: where a query looks is learned as a vector, and only predicted boxes can be drawn.</p>`}`;
}

function crossCaption({ query, heads, cross }: ImageAttention): Html {
  if (cross.kind === 'samples') {
    return html`<b>Where query ${query} samples the image</b>, by layer (rows) and level of features (columns; a cell of a level is as many pixels wide as
its stride). Colours are heads, shapes are levels, and areas are weights, which sum to 1 over the samples of a head. Samples outside the
image find zeros.`;
  }
  return html`<b>Cross-attention of query ${query}</b> over the image, by layer (rows) and head (${counted(heads, 'head')} and their mean). A cell is one
of ${cross.grid.rows} × ${cross.grid.columns} of the feature map; each panel has its own scale, up to the weight written under it, and weights of a panel sum
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
