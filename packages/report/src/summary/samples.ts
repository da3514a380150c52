/** The models' detections in two of the images that their runs follow, at several stages of training. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { runFolder, type SampleImage, type SamplesLine } from '@dn-detr/train';
import { readJson, readJsonLines } from '@dn-detr/train/files';
import type { ComparedSamples } from './summary.ts';

/** Number of images, taken from the most typical ones that a run follows; more would make the page large. */
export const mostPictured = 2;

/** Stages of training, as fractions of the steps that all runs have in common. */
const shares = [0.25, 0.5, 1];

/**
 * Detections at the evaluations nearest to a quarter, a half and the end of the steps that all runs have done; undefined if the
 * runs have no evaluation in common, or follow different images.
 *
 * @param folders - The folder of one run of each model.
 * @param base - The folder that the pictures' paths are relative to.
 */
export function comparedSamples(folders: readonly string[], base: string): ComparedSamples | undefined {
  const files = folders.map((folder) => runFolder(folder).samples);
  const [first] = files;
  if (first === undefined || !files.every(({ images }) => existsSync(images))) return undefined;
  const [images, ...others] = files.map((file) => readJson<SampleImage[]>(file.images)) as [SampleImage[]];
  if (!others.every((other) => isDeepStrictEqual(other, images))) return undefined;
  const runs = files.map(
    (file) => new Map(readJsonLines<SamplesLine>(file.evaluations).map((line) => [line.step, line])),
  );
  const common = [...(runs[0]?.keys() ?? [])].filter((step) => runs.every((run) => run.has(step)));
  const steps = stagesOf(common);
  if (steps.length === 0) return undefined;
  return {
    steps,
    images: images.slice(0, mostPictured).map(({ picture, ...image }, n) => ({
      ...image,
      picture: path.relative(base, path.join(first.folder, picture)),
      detections: steps.map((step) =>
        runs.map((run) => run.get(step)?.images[n]?.detections.slice(0, image.objects.length) ?? []),
      ),
    })),
  };
}

/** The steps of the stages in ascending order without repetitions; there are fewer if there are few evaluations. */
function stagesOf(steps: readonly number[]): number[] {
  const end = steps.at(-1);
  if (end === undefined) return [];
  const nearest = (wanted: number) =>
    steps.reduce((best, step) => (Math.abs(step - wanted) < Math.abs(best - wanted) ? step : best));
  return [...new Set(shares.map((share) => nearest(share * end)))];
}
