/** Whether the first pixel of VOC boxes is 0 or 1, which no file tells. */
import type { ReaderOption } from './dataset-reader.ts';
import type { VocAnnotation } from './voc-xml.ts';

export const vocOrigin: ReaderOption<0 | 1> = {
  title: 'VOC origin',
  meaning: "the number of the first pixel in VOC boxes: 1 in VOC's own files",
  values: [0, 1],
};

/**
 * Checks whether the boxes fit the origin with which they were read. VOC's own files, and LabelImg's, hold whole
 * numbers from 1 to width and height; a corner at 0 shows that a tool counted from 0.
 *
 * @returns a sentence if they do not fit, otherwise undefined
 */
export function describeOrigin(annotations: readonly VocAnnotation[], origin: 0 | 1): string | undefined {
  let smallest = Number.POSITIVE_INFINITY;
  let whole = true;
  let reachesEnd = false;
  for (const { size, objects } of annotations) {
    for (const { box } of objects) {
      const [left, top] = [box[0] + origin, box[1] + origin];
      const [right, bottom] = [box[0] + box[2], box[1] + box[3]];
      smallest = Math.min(smallest, left, top);
      whole &&= [left, top, right, bottom].every(Number.isInteger);
      reachesEnd ||= size !== undefined && (right === size.width || bottom === size.height);
    }
  }
  if (origin === 0 && whole && smallest === 1 && reachesEnd) {
    return (
      'the boxes are whole numbers, start at 1 and reach width or height: they seem counted from 1 with their last pixel ' +
      'included, as VOC itself and LabelImg write them; set the VOC origin to 1 to read them that way'
    );
  }
  if (origin === 1 && smallest < 1) return `a box starts at ${smallest}: these boxes are not counted from 1`;
  return undefined;
}
