/** Detections of models in two of the images that their runs follow, as training goes on. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { runFolder, type SampleImage, type SamplesLine } from '@dn-detr/train';
import { readJson, readJsonLines } from '@dn-detr/train/files';
import type { ComparedSamples } from './summary.ts';

/** Of those that a run follows the first, which are the most typical: more would make the page large. */
export const mostPictured = 2;

/** Of the steps that all runs have in common. */
const shares = [0.25, 0.5, 1];

/**
 * At a quarter, a half and the end of the steps that all of the runs have done, or at the evaluation nearest to it;
 * undefined where they have no evaluation in common, or follow different images.
 *
 * @param folders of a run of each model
 * @param base what the pictures' paths are relative to
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

/** Rising, each once; fewer where there are fewer evaluations. */
function stagesOf(steps: readonly number[]): number[] {
  const end = steps.at(-1);
  if (end === undefined) return [];
  const nearest = (wanted: number) =>
    steps.reduce((best, step) => (Math.abs(step - wanted) < Math.abs(best - wanted) ? step : best));
  return [...new Set(shares.map((share) => nearest(share * end)))];
}
