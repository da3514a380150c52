/** Two photographs with each model's detections during training, next to the ground truth. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { counted } from '@dn-detr/train';
import { findsObject, leastOverlap } from '../analysis/found.ts';
import { isOnPlateau } from '../analysis/runs.ts';
import { colors } from '../drawing/detections-drawing.ts';
import { count, listed } from '../format.ts';
import { type Content, type Html, html } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import type { ComparedSample, ComparedSamples, SampleBox, SampleDetection, Summary } from '../summary/summary.ts';
import { seriesSwatch } from './panel.ts';

export interface Pictures {
  /** The annotated objects. */
  readonly truth: Html;
  /** The models' detections. */
  readonly figure: Html;
}

/**
 * Makes the pictures; undefined if there are no such images, or none of them can be read.
 *
 * @param folder - The summary's folder, which the pictures' paths are relative to.
 */
export function picturesOf({ samples, models, data }: Summary, folder: string | undefined): Pictures | undefined {
  if (samples === undefined || folder === undefined) return undefined;
  const { steps } = samples;
  const images = samples.images.flatMap((image, n) => {
    const file = pictureAddress(path.join(folder, image.picture));
    return file === undefined ? [] : [{ image, file, id: `sample-${n}` }];
  });
  if (images.length === 0) return undefined;
  const sizes = `--stages: ${steps.length}; --images: ${images.length}`;
  const truth = html`<div class="truth" style="${sizes}"><p>Annotated objects</p>
<div>${images.map(({ image, file, id }) => truthPicture(image, file, id, data.classes))}</div>
${classKey(samples, data.classes)}</div>`;
  const heads = steps.map((step) => html`<span>${counted(step, 'step')}</span>`);
  const views = models.map((model, m) => {
    const seen = images.map(({ image, id }) =>
      steps.map((step, s) => {
        const whose = `${model.name} after ${counted(step, 'step')}`;
        return foundPicture(image, image.detections[s]?.[m] ?? [], id, whose);
      }),
    );
    return html`<div class="view"><p>${seriesSwatch(m, isOnPlateau(model))}${modelName(model.name)}</p>
<div class="pictures">${seen.map((stages) => html`<div>${stages}</div>`)}</div></div>
`;
  });
  const figure = html`<figure id="figure-pictures" style="${sizes}">
<div class="pictures heads" aria-hidden="true">${images.map(() => html`<div>${heads}</div>`)}</div>
${views}<figcaption>${caption(samples)}</figcaption>
</figure>`;
  return { truth, figure };
}

function caption({ steps, images }: ComparedSamples): Content {
  const names = listed(images.map(({ name }) => path.basename(name)));
  return html`<b>What the models see</b> after ${listed(steps.map(count))} steps, with their first seed, in the validation
images ${names}: the detections with the highest scores, as many as there are objects. Solid lines are correct (the object's class,
IoU of at least ${leastOverlap}) and counted, dashed ones are not.`;
}

/** The picture as a data address; undefined if its run has been deleted. */
function pictureAddress(file: string): string | undefined {
  try {
    return `data:image/jpeg;base64,${readFileSync(file).toString('base64')}`;
  } catch {
    return undefined;
  }
}

function truthPicture(image: ComparedSample, file: string, id: string, classes: readonly string[]): Html {
  const { width, height, objects } = image;
  const words = [...new Set(objects.map(({ label }) => label))].map((label) => {
    const own = objects.filter((object) => object.label === label).length;
    return `${own} ${classes[label] ?? label}`;
  });
  const picture = html`<image id="${id}" width="${width}" height="${height}" preserveAspectRatio="none" href="${file}"/>`;
  return drawing(image, `${path.basename(image.name)}: ${listed(words)}`, [picture, boxMarks(objects, false)]);
}

function foundPicture(image: ComparedSample, detections: readonly SampleDetection[], id: string, whose: string): Html {
  const found = findsObject(image.objects, detections);
  const right = detections.filter((_, n) => found[n]);
  const wrong = detections.filter((_, n) => !found[n]);
  const figures = `${right.length} of ${image.objects.length}`;
  // The image data is on the page only once.
  const parts = [html`<use href="#${id}"/>`, boxMarks(wrong, true), boxMarks(right, false)];
  const words = `${whose}, ${path.basename(image.name)}: ${figures} objects found`;
  return html`<span class="seen">${drawing(image, words, parts)}<b aria-hidden="true">${figures}</b></span>`;
}

const drawing = ({ width, height }: ComparedSample, words: string, parts: Content): Html =>
  html`<svg class="picture" viewBox="0 0 ${width} ${height}" role="img" aria-label="${words}">${parts}</svg>`;

/** Draws boxes over a dark rim, with one path for each class. */
function boxMarks(boxes: readonly SampleBox[], dashed: boolean): Content {
  if (boxes.length === 0) return undefined;
  const outline = (own: readonly SampleBox[]) =>
    own
      .map(({ bbox }) => bbox.map(Math.round) as [number, number, number, number])
      .map(([x, y, width, height]) => `M${x} ${y}h${width}v${height}h${-width}z`)
      .join('');
  const labels = [...new Set(boxes.map(({ label }) => label))];
  return html`<g${dashed && html` class="missed"`}><path class="rim" d="${outline(boxes)}"/>${labels.map(
    (label) => html`<path stroke="${classColor(label)}" d="${outline(boxes.filter((box) => box.label === label))}"/>`,
  )}</g>`;
}

const classColor = (label: number): string => colors[label % colors.length] as string;

/** The legend of classes that are annotated or detected in the photographs. */
function classKey({ images }: ComparedSamples, classes: readonly string[]): Html {
  const seen = images.flatMap(({ objects, detections }) => [...objects, ...detections.flat(2)]);
  const labels = [...new Set(seen.map(({ label }) => label))].sort((a, b) => a - b);
  return html`<ul class="legend" aria-label="Classes">${labels.map(
    (label) =>
      html`<li><svg width="14" height="14" aria-hidden="true"><rect x="2" y="2" width="10" height="10" fill="none" stroke="#14171a" stroke-width="4"/><rect x="2" y="2" width="10" height="10" fill="none" stroke="${classColor(label)}" stroke-width="2"/></svg>${classes[label] ?? label}</li>`,
  )}</ul>`;
}
