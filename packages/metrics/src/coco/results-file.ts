/** COCO's results files, lists of detections, as arrays to evaluate. */
import { copyBox, idAt, type JsonObject, listAt, numberAt, objectAt } from './fields.ts';
import { CocoFormatError } from './format-error.ts';
import type { ImageDetections } from './images.ts';
import { type CocoTruth, indices } from './truth-file.ts';

export interface CocoResults {
  /** of each image of the truth, in the file's order */
  readonly detections: readonly ImageDetections[];
  /** detections that do not count, which pycocotools passes over in silence: their category is not listed */
  readonly ignored: { readonly unknownCategory: number };
}

/**
 * Reads a results file: a list of `{image_id, category_id, bbox: [x, y, width, height], score}`. It may be empty.
 *
 * @param json what the file holds, parsed
 * @param truth what the detections are to be compared with
 * @throws CocoFormatError if the file is no list, something is missing, of a wrong kind or not finite, or an image is not
 *   one of the truth's
 */
export function readCocoResults(json: unknown, { imageIds, categories }: CocoTruth): CocoResults {
  if (typeof json === 'object' && json !== null && 'annotations' in json) {
    throw new CocoFormatError(
      'expected a list of {image_id, category_id, bbox, score}, found an object with "annotations": is this the truth?',
    );
  }
  const results = listAt(json, 'the file');
  const imageOf = indices(imageIds);
  const labelOf = indices(categories.map(({ id }) => id));
  const ofImage = imageIds.map((): number[] => []);
  let unknownCategory = 0;
  for (const [i, value] of results.entries()) {
    const where = `results[${i}]`;
    const { image_id, category_id } = objectAt(value, where);
    const image = imageOf.get(idAt(image_id, `${where}.image_id`));
    if (image === undefined) {
      throw new CocoFormatError(
        `${where}.image_id is ${image_id}, which is none of the truth's ${imageIds.length} images: ` +
          'expected detections in the same images',
      );
    }
    if (labelOf.has(idAt(category_id, `${where}.category_id`))) ofImage[image]?.push(i);
    else unknownCategory++;
  }

  const detections = ofImage.map((entries): ImageDetections => {
    const labels = new Int32Array(entries.length);
    const boxes = new Float64Array(4 * entries.length);
    const scores = new Float64Array(entries.length);
    for (const [n, entry] of entries.entries()) {
      const { category_id, bbox, score } = results[entry] as JsonObject;
      labels[n] = labelOf.get(category_id as number) as number;
      copyBox(bbox, `results[${entry}].bbox`, boxes, 4 * n);
      scores[n] = numberAt(score, `results[${entry}].score`);
    }
    return { labels, boxes, scores };
  });
  return { detections, ignored: { unknownCategory } };
}
