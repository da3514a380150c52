/** A few images followed through a run: their detections, and the query matched to each object. */
import path from 'node:path';
import { type DatasetImage, thumbnail, trainingObjects } from '@dn-detr/data';
import { median } from 'd3-array';
import { writeAtomically } from './atomic-file.ts';
import type { Inferred } from './evaluator.ts';
import { readJson, writeJson } from './json-files.ts';
import type { RunFolder } from './run-folder.ts';

/** An entry of `samples/images.json`. */
export interface SampleImage {
  readonly name: string;
  /** Size of the upright image, in pixels. */
  readonly width: number;
  readonly height: number;
  /** The image, possibly scaled down: a file in the folder of `images.json`. */
  readonly picture: string;
  /** The M objects to find; boxes x, y, width, height in pixels of the upright image. */
  readonly objects: readonly { readonly label: number; readonly bbox: readonly number[] }[];
}

/** A model's output for a sample image. */
export interface Sample {
  /** The detections with the highest scores, in descending order. */
  readonly detections: readonly { readonly label: number; readonly score: number; readonly bbox: readonly number[] }[];
  /**
   * The query that each decoder layer's matching assigns to each object, `[L][M]`; -1 for none, where there are fewer
   * queries than objects.
   */
  readonly queries: readonly (readonly number[])[];
}

/** A line of `samples/evaluations.jsonl`. */
export interface SamplesLine {
  readonly step: number;
  /** One for each image of `images.json`, in its order. */
  readonly images: readonly Sample[];
}

const mostImages = 6;
const mostDetections = 30;
/** Longest side of a picture in pixels. */
const pictureSide = 400;

/**
 * Chooses the images that a run follows, as indices into an evaluation, the most typical first: images whose number of
 * objects is nearest the median, and among equals those with more classes, so that a few pictures show what the data
 * are like.
 */
export function sampleIndices({ targets }: Pick<Inferred, 'targets'>): number[] {
  const found = targets.flatMap(({ labels }, n) => (labels.length > 0 ? [{ n, labels }] : []));
  const typical = median(found, ({ labels }) => labels.length) ?? 0;
  const classes = (labels: ArrayLike<number>) => new Set(Array.from(labels)).size;
  return found
    .toSorted(
      (a, b) =>
        Math.abs(a.labels.length - typical) - Math.abs(b.labels.length - typical) ||
        classes(b.labels) - classes(a.labels),
    )
    .slice(0, mostImages)
    .map(({ n }) => n);
}

/**
 * Indices of the images that a run already follows, since an earlier version may have chosen others.
 *
 * @throws UserError if `images.json` cannot be read
 */
export function followedIndices({ samples }: RunFolder, { images }: Pick<Inferred, 'images'>): number[] {
  const names = images.map(({ name }) => name);
  return readJson<SampleImage[]>(samples.images).map(({ name }) => names.indexOf(name));
}

/**
 * Writes `images.json` and the pictures that it lists.
 *
 * @throws UserError if a file cannot be written
 * @throws DataError if an image cannot be read
 */
export async function writeSampleImages({ samples }: RunFolder, images: readonly DatasetImage[]): Promise<void> {
  const described: SampleImage[] = [];
  for (const [n, image] of images.entries()) {
    const { name, width, height } = image;
    const { labels, boxes } = trainingObjects(image);
    const picture = `${n + 1}.jpg`;
    writeAtomically(path.join(samples.folder, picture), await thumbnail(await image.read(), pictureSide));
    const objects = Array.from(labels, (label, m) => ({ label, bbox: boxAt(boxes, m) }));
    described.push({ name, width, height, picture, objects });
  }
  writeJson(samples.images, described);
}

/** Extracts the samples of these images from an evaluation. */
export function samplesOf({ targets, detections, matches }: Inferred, indices: readonly number[]): Sample[] {
  return indices.map((n) => {
    const { labels, scores, boxes } = detections[n] as Inferred['detections'][number];
    const surest = Array.from(scores, (_, k) => k)
      .sort((a, b) => (scores[b] as number) - (scores[a] as number))
      .slice(0, mostDetections);
    return {
      detections: surest.map((k) => ({
        label: labels[k] as number,
        score: rounded(scores[k] as number, 4),
        bbox: boxAt(boxes, k),
      })),
      queries: Array.from({ length: matches.layers }, (_, layer) => {
        const start = (layer * targets.length + n) * matches.queries;
        const objects = Array.from({ length: matches.queries }, (_, query) => matches.objects[start + query]);
        return Array.from((targets[n] as Inferred['targets'][number]).labels, (_, m) => objects.indexOf(m));
      }),
    };
  });
}

const boxAt = (boxes: ArrayLike<number>, n: number): number[] =>
  [0, 1, 2, 3].map((k) => rounded(boxes[4 * n + k] as number, 2));

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
