/** Detections in images, for programs and for people. */
import type { NamedDetection } from '@dn-detr/report/drawing';
import Table from 'cli-table3';

/** `detections.json`. */
export interface Predictions {
  readonly checkpoint: string;
  /** Lowest score of a detection. */
  readonly threshold: number;
  /** The classes that the model knows. */
  readonly classes: readonly string[];
  readonly images: readonly ImagePredictions[];
  /** Files that could not be read, with the reason. */
  readonly unreadable: readonly { readonly file: string; readonly message: string }[];
}

export interface ImagePredictions {
  /** The file as the user named it. */
  readonly file: string;
  /** Name of the picture in the folder of this document. */
  readonly picture: string;
  /** Width of the upright image, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Detections by falling score. */
  readonly detections: readonly NamedDetection[];
}

/** As JSON with a line a detection. */
export const predictionsJson = (predictions: Predictions): string =>
  // Strings hold no line breaks in JSON: these are between values.
  JSON.stringify(predictions, null, 2).replace(/\{\n\s+"category"[^}]*?\n\s+\}/g, (lines) =>
    lines.replace(/\n\s+/g, ' '),
  );

/** Rows of the table at most: the document has them all. */
const rows = 40;

/** @param folder where the pictures are, as the user named it */
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
