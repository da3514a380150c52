/** What models find in a few images, beside what is there. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ComparedSample, SampleBox, Summary } from '../compare/summary.ts';
import { colors } from '../predict/drawing.ts';
import { count, decimal } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { modelName } from './model-name.ts';
import { dataTable } from './table.ts';

/**
 * Undefined where there are no such images, or none of them can be read.
 *
 * @param folder of the summary, which the pictures' paths are relative to
 */
export function samplesSection({ samples, models, data }: Summary, folder: string | undefined): Html | undefined {
  if (samples === undefined || folder === undefined) return undefined;
  const pictures = samples.images.map(({ picture }) => pictureAddress(path.join(folder, picture)));
  if (pictures.every((address) => address === undefined)) return undefined;
  return dataTable({
    id: 'table-samples',
    caption: html`<b>The first images that are evaluated on</b>, after ${count(samples.step)} steps, with each model's first
seed. Of every model as many detections are drawn as the image has objects: the surest ones, fainter where the model is less
sure. Colours are classes.`,
    head: ['Image', 'Ground truth', ...models.map(({ name }) => modelName(name))],
    text: ['', ...models].map((_, i) => i + 1),
    rows: samples.images.map((image, n) => [
      image.name,
      drawing(
        image,
        image.objects,
        data.classes,
        html`<image id="sample-${n}" width="${image.width}" height="${image.height}" preserveAspectRatio="none" href="${pictures[n] ?? 'data:,'}"/>`,
      ),
      // The picture itself is in the page once.
      ...image.detections.map((found) => drawing(image, found, data.classes, html`<use href="#sample-${n}"/>`)),
    ]),
  });
}

/** The picture itself; undefined where its run is gone. */
function pictureAddress(file: string): string | undefined {
  try {
    return `data:image/jpeg;base64,${readFileSync(file).toString('base64')}`;
  } catch {
    return undefined;
  }
}

function drawing(
  { width, height }: ComparedSample,
  boxes: readonly (SampleBox & { readonly score?: number })[],
  classes: readonly string[],
  picture: Content,
): Html {
  const side = Math.max(width, height);
  const words = boxes.map((box) => wordsOf(box, classes));
  return html`<svg class="sample" viewBox="0 0 ${width} ${height}" role="img" aria-label="${words.join(', ')}">${picture}${boxes
    // The surest lie above the others.
    .map((box, i) => boxMark(box, words[i] as string, side, width))
    .reverse()}</svg>`;
}

const wordsOf = ({ label, score }: SampleBox & { readonly score?: number }, classes: readonly string[]): string =>
  `${classes[label] ?? label}${score === undefined ? '' : ` ${decimal(score, 2)}`}`;

function boxMark(
  { label, bbox, score = 1 }: SampleBox & { readonly score?: number },
  words: string,
  side: number,
  width: number,
): Html {
  const [x, y, w, h] = bbox as [number, number, number, number];
  const color = colors[label % colors.length];
  const font = side / 17;
  const top = y > font * 1.2 ? y - font * 0.3 : y + font;
  const left = Math.max(0, Math.min(x, width - 0.5 * font * words.length));
  return html`<g><rect opacity="${decimal(0.4 + 0.6 * score, 2)}" x="${x}" y="${y}" width="${w}" height="${h}" fill="none" stroke="${color}" stroke-width="${decimal(side / 70, 2)}"/><text x="${decimal(left, 1)}" y="${decimal(top, 1)}" font-size="${decimal(font, 2)}" stroke-width="${decimal(font / 5, 2)}">${words}</text></g>`;
}
