/**
 * Checks that a model has a query for every object: a query finds one object, so the surplus objects of an image cannot
 * be found.
 */
import { type DatasetImage, trainingObjects } from '@dn-detr/data';
import type { RunConfig } from './config/schema.ts';
import type { Model } from './models/model.ts';
import type { RunData } from './run-data.ts';
import { counted } from './words.ts';

/** COCO's AP considers at most this many detections of a class in an image (`maxDets` of pycocotools). */
const detectionsOfCoco = 100;

/** The largest number of objects to find in one image. */
export const queriesNeeded = (images: readonly DatasetImage[]): number =>
  images.reduce((most, image) => Math.max(most, trainingObjects(image).labels.length), 0);

/**
 * A note about images with more objects than the model has queries; undefined if there are none. Only objects that
 * training uses count: no crowds, and none without an area.
 */
export function shortageNote(
  { detector: { queries } }: Model,
  { model }: Pick<RunConfig, 'model'>,
  { train, val }: Pick<RunData, 'train' | 'val'>,
): string | undefined {
  const asked = typeof model.queries === 'number' ? model.queries : queries;
  // More than one where each anchor has several learned contents.
  const patterns = queries / asked;
  const parts = [
    leftOver(train, queries, 'train', 'must go unmatched whenever the whole image is seen'),
    // A run that overfits is evaluated on its training images.
    ...(val === train ? [] : [leftOver(val, queries, 'val', 'can never be found')]),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  const most = queriesNeeded([...train, ...val]);
  const has = patterns > 1 ? `${asked} × ${patterns} patterns = ${queries} queries` : `${queries} queries`;
  const sentences = [
    `a query finds one object, and there are ${has} for up to ${counted(most, 'object')} in an image: ${parts.join(', and ')}`,
    `model.queries=${Math.ceil(most / patterns)} gives every object a query`,
  ];
  if (most > detectionsOfCoco) {
    sentences.push(`COCO's AP counts at most ${detectionsOfCoco} detections of a class in an image`);
  }
  return sentences.join('. ');
}

/**
 * For example `580 of 710 objects in train (in 2 of 4 images) must go unmatched`; undefined if there are enough
 * queries.
 */
function leftOver(images: readonly DatasetImage[], queries: number, split: string, fate: string): string | undefined {
  const counts = images.map((image) => trainingObjects(image).labels.length);
  const crowded = counts.filter((objects) => objects > queries);
  if (crowded.length === 0) return undefined;
  const left = crowded.reduce((sum, objects) => sum + objects - queries, 0);
  const all = counts.reduce((sum, objects) => sum + objects, 0);
  return (
    `${number(left)} of ${counted(all, 'object')} in ${split} ` +
    `(in ${number(crowded.length)} of ${counted(images.length, 'image')}) ${fate}`
  );
}

const number = (value: number): string => value.toLocaleString('en-GB');
