/** What models find in the images that their runs follow, side by side. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { runFolder, type SampleImage, type SamplesLine } from '@dn-detr/train';
import { readJson, readJsonLines } from '@dn-detr/train/files';
import type { ComparedSamples } from './summary.ts';

/**
 * At the last step that all of the runs were evaluated at; undefined where there is none, or they follow different images.
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
  const [lines, ...rivals] = files.map((file) => readJsonLines<SamplesLine>(file.evaluations)) as [
    SamplesLine[],
    ...SamplesLine[][],
  ];
  const step = lines.findLast((line) => rivals.every((rival) => rival.some((other) => other.step === line.step)))?.step;
  if (step === undefined) return undefined;
  const found = [lines, ...rivals].map((own) => own.find((line) => line.step === step) as SamplesLine);
  return {
    step,
    images: images.map(({ picture, ...image }, n) => ({
      ...image,
      picture: path.relative(base, path.join(first.folder, picture)),
      detections: found.map((line) => line.images[n]?.detections.slice(0, image.objects.length) ?? []),
    })),
  };
}
