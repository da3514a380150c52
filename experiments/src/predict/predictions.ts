/** The detections in images as JSON and as a table. */
import type { NamedDetection } from '@dn-detr/report/drawing';
import Table from 'cli-table3';

/** The contents of `detections.json`. */
export interface Predictions {
  readonly checkpoint: string;
  /** Detections with a lower score are left out. */
  readonly threshold: number;
  /** Names of the model's classes. */
  readonly classes: readonly string[];
  readonly images: readonly ImagePredictions[];
  /** Files that could not be read. */
  readonly unreadable: readonly { readonly file: string; readonly message: string }[];
}

export interface ImagePredictions {
  /** Path of the image as the user gave it. */
  readonly file: string;
  /** File name of the picture, in the folder of this document. */
  readonly picture: string;
  /** Width of the upright image in pixels. */
  readonly width: number;
  /** Height of the upright image in pixels. */
  readonly height: number;
  /** Detections in descending order of scores. */
  readonly detections: readonly NamedDetection[];
}

/** Formats predictions as JSON with one line per detection. */
export const predictionsJson = (predictions: Predictions): string =>
  // Strings in JSON contain no line breaks, so all line breaks are between values.
  JSON.stringify(predictions, null, 2).replace(/\{\n\s+"category"[^}]*?\n\s+\}/g, (lines) =>
    lines.replace(/\n\s+/g, ' '),
  );

/** Maximum number of rows of the table; the document has all images. */
const rows = 40;

/** @param folder - Folder of the pictures as the user gave it. */
export function predictionsTable({ images, classes, threshold }: Predictions, folder: string): string {
  const table = new Table({
    head: ['image', 'found', 'picture'],
    style: { head: [], border: [], compact: true },
  });
  for (const { file, picture, detections } of images.slice(0, rows)) {
    const counts = classes.map((name) => ({ name, n: detections.filter(({ category }) => category === name).length }));
    const found = counts.filter(({ n }) => n > 0).map(({ name, n }) => `${n} ${name}`);
    table.push([file, found.join(', ') || '-', picture]);
  }
  const more = images.length > rows ? `\n… and ${images.length - rows} more` : '';
  const total = images.reduce((sum, { detections }) => sum + detections.length, 0);
  const counted = `${plural(total, 'detection')} with a score of ${threshold} or more in ${plural(images.length, 'image')}`;
  return `${table.toString()}${more}\n${counted}\n${folder}`;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
