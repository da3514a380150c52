/** Reads COCO's results files, which are lists of detections, as arrays to evaluate. */
import { copyDetectedBox } from './boxes.ts';
import { type JsonObject, listAt, numberAt, objectAt } from './fields.ts';
import { CocoFormatError } from './format-error.ts';
import { idAt, indexOf } from './ids.ts';
import type { ImageDetections } from './images.ts';
import type { CocoTruth } from './truth-file.ts';
import { counted } from './truth-notes.ts';

/** The detections of a file in COCO's results format. */
export interface CocoResults {
  /** The detections of each image of the truth, in the file's order. */
  readonly detections: readonly ImageDetections[];
  /** Number of detections that do not count because their category is not listed, which pycocotools silently skips. */
  readonly ignored: { readonly unknownCategory: number };
  /** What is odd about the file and how it is interpreted, in sentences to print. */
  readonly notes: readonly string[];
}

/**
 * Reads a results file: a list of `{image_id, category_id, bbox: [x, y, width, height], score}`, which may be empty.
 * Boxes and scores may contain NaN and infinities, as in pycocotools.
 *
 * @param json the parsed contents of the file; `parseCocoJson` keeps NaN and ids beyond 2^53
 * @param truth the truth that the detections are to be compared with
 * @throws CocoFormatError if the file is not a list, something is missing or has the wrong type, or an image is not one
 *   of the truth's
 */
export function readCocoResults(json: unknown, { imageIds, categories }: CocoTruth): CocoResults {
  if (typeof json === 'object' && json !== null && 'annotations' in json) {
    throw new CocoFormatError(
      'expected a list of {image_id, category_id, bbox, score}, found an object with "annotations": is this the truth?',
    );
  }
  const results = listAt(json, 'the file');
  const imageOf = indexOf(imageIds);
  const labelOf = indexOf(categories.map(({ id }) => id));
  const ofImage = imageIds.map((): number[] => []);
  const labels: (number | undefined)[] = [];
  let unknownCategory = 0;
  for (const [i, value] of results.entries()) {
    const where = `results[${i}]`;
    const { image_id, category_id } = objectAt(value, where);
    const image = imageOf(image_id, `${where}.image_id`);
    if (image === undefined) {
      const id = image_id === null ? 'null' : idAt(image_id, where);
      throw new CocoFormatError(
        `${where}.image_id is ${id}, which is none of the truth's ${imageIds.length} images: ` +
          'expected detections in the same images',
      );
    }
    labels.push(labelOf(category_id, `${where}.category_id`));
    if (labels[i] === undefined) unknownCategory++;
    else ofImage[image]?.push(i);
  }

  let nonFinite = 0;
  const detections = ofImage.map((entries): ImageDetections => {
    const boxes = new Float64Array(4 * entries.length);
    const scores = new Float64Array(entries.length);
    for (const [n, entry] of entries.entries()) {
      const result = results[entry] as JsonObject;
      copyDetectedBox(result, `results[${entry}]`, boxes, 4 * n);
      scores[n] = numberAt(result.score, `results[${entry}].score`);
      let allFinite = Number.isFinite(scores[n]);
      for (let k = 4 * n; k < 4 * n + 4; k++) allFinite &&= Number.isFinite(boxes[k]);
      if (!allFinite) nonFinite++;
    }
    return { labels: Int32Array.from(entries, (entry) => labels[entry] as number), boxes, scores };
  });
  const notes = counted([
    [
      nonFinite,
      'detection',
      'NaN or an infinity in the box or the score, taken as in pycocotools: a score of NaN comes last, and a box with NaN ' +
        'may be counted as right with any object',
    ],
  ]);
  return { detections, ignored: { unknownCategory }, notes };
}
