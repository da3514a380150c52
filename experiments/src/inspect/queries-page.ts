/** The page `queries.html`: the known queries of a training step. */

import { knownQueriesDrawing, type QueryImage, slotsOf } from '@dn-detr/report/drawing';
import { count, type Html, html } from '@dn-detr/report/markup';
import { counted, type RunConfig } from '@dn-detr/train';
import type { Inspection } from './inspection.ts';
import type { Picture } from './output-folder.ts';
import { figureOf } from './page.ts';
import type { QueryStep } from './queries.ts';

/** @param classNames - Class names by label. */
export async function queriesInspection(
  { epoch, batch, images, denoising }: QueryStep,
  step: number,
  { model, data, seed }: RunConfig,
  classNames: readonly string[],
): Promise<Inspection> {
  const className = (label: number) => classNames[label] as string;
  const pictures: Picture[] = [];
  const sections: { name: string; content: Html }[] = [];
  for (const [i, image] of images.entries()) {
    const picture = { name: `queries-${i + 1}.svg`, drawing: await knownQueriesDrawing(image, i + 1, className) };
    pictures.push(picture);
    sections.push({ name: image.name, content: figureOf(picture.drawing, caption(image, className)) });
  }
  const { isolate, maskPadding } = denoising;
  const lede = html`<p class="lede">The first ${counted(images.length, 'image')} of the ${count(batch)} of step ${count(step)}
(epoch ${count(epoch + 1)}) of ${model.name} on ${data.source}, seed ${seed}: augmented and on the canvas, as the model sees them.</p>
<p>${noiseWords(denoising)} The mask ${maskWords[isolate]}${maskPadding ? ', and hides padded slots from all queries' : '; padded slots are not hidden'}.</p>`;
  return {
    page: { title: `Known queries at step ${step}`, lede, sections },
    pictures,
    about: {
      step,
      epoch,
      seed,
      model: model.name,
      data: data.source,
      images: images.map((image, i) => described(image, pictures[i] as Picture)),
    },
  };
}

function noiseWords(denoising: QueryStep['denoising']): string {
  const labels = `Known queries are ground truth with noise: a label is replaced by a random class with probability ${denoising.labelNoise}`;
  if (denoising.kind === 'dn') {
    const { centerNoise, sizeNoise } = denoising;
    return `${labels}, a centre moves by up to
${centerNoise} times half the box, and width and height change by up to ${sizeNoise} times their size. The decoder has to restore the original
objects, and no matching is needed.`;
  }
  return `${labels}.
The corners of a positive query move by less than ${denoising.boxNoise} times half the box, and the decoder has to restore its object. Those of a
negative query, drawn dashed, move one to two times as far, and the decoder has to answer "no object". No matching is needed for either.`;
}

const maskWords: Readonly<Record<QueryStep['denoising']['isolate'], string>> = {
  groups:
    'hides the groups from each other, and all of them from the matching queries, which would otherwise read the answer',
  known: 'hides known queries from the matching ones, which would otherwise read the answer, but not from each other',
  nothing: 'hides nothing: matching queries can read the answer',
};

function caption(image: QueryImage, className: (label: number) => string): Html {
  const { queries, target } = image;
  const { groups, groupSize, known, matching, total } = queries.layout;
  const slots = slotsOf(image);
  const padded = slots.filter(({ object }) => object < 0).length;
  const negatives = slots.filter(({ negative }) => negative).length;
  const flips = slots.filter(({ flippedTo }) => flippedTo !== undefined);
  if (known === 0) return html`<b>No known queries.</b> No image of the batch has an object that training uses.`;
  const words = flips.map(
    ({ group, object, flippedTo }) =>
      `group ${group + 1}, object ${object + 1}: ${className(target.labels[object] as number)} → ${className(flippedTo as number)}`,
  );
  return html`<b>${counted(target.labels.length, 'object')} in ${counted(groups, 'group')} of ${counted(groupSize, 'slot')}</b>: ${count(known - padded)} known queries${negatives > 0 && `, of which ${count(negatives)} are negative,`} and
${counted(padded, 'padded slot')} before ${count(matching)} matching queries, so that ${count(total)} queries go through the decoder. ${
    flips.length === 0 ? 'No label was flipped.' : `Flipped: ${words.join('; ')}.`
  }`;
}

function described(image: QueryImage, { name: picture }: Picture): object {
  const { queries, target, size, canvas } = image;
  const slots = slotsOf(image);
  const { layout } = queries;
  const { groups, groupSize, known, matching } = layout;
  return {
    name: image.name,
    picture,
    ...size,
    canvas: { width: canvas.width, height: canvas.height },
    objects: target.labels.length,
    layout: { groups, groupSize, known, matching },
    padded: slots.filter(({ object }) => object < 0).length,
    ...(layout.contrastive && { negatives: slots.filter(({ negative }) => negative).length }),
    flipped: slots.flatMap(({ group, object, flippedTo }) =>
      flippedTo === undefined ? [] : [{ group, object, from: target.labels[object], to: flippedTo }],
    ),
  };
}
