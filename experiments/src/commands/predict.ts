/** `predict`: draws the detections of a trained model on images. */

import path from 'node:path';
import {
  type Category,
  canDrawText,
  DataError,
  type DatasetImage,
  type FileImage,
  looseImages,
  picture,
} from '@dn-detr/data';
import type { ImageDetections } from '@dn-detr/metrics';
import { detectionsDrawing, enlargement, type Labelled, type NamedDetection } from '@dn-detr/report/drawing';
import { backendOptionsOf, pixelsOf, UserError } from '@dn-detr/train';
import { writeAtomically } from '@dn-detr/train/files';
import { Command, InvalidArgumentError } from 'commander';
import { withProgress } from '../predict/image-progress.ts';
import { isJpeg, openOutputFolder } from '../predict/output-folder.ts';
import { type Predictions, predictionsJson, predictionsTable } from '../predict/predictions.ts';
import { detect, type ImageResult, readBy, readTrained, type Trained } from '../predict/trained.ts';
import type { Output, Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';
import { addPixelOptions, type FolderOptions, pixelOptions } from './folder-options.ts';

interface PredictOptions extends Pick<FolderOptions, 'bands' | 'maxPixels'> {
  checkpoint: string;
  threshold: number;
  out: string;
  json?: true;
  backend?: string;
}

export function predictCommand(terminal: Terminal): Command {
  const command = new Command('predict')
    .description('detect objects in images with a trained model; writes pictures with boxes and detections.json')
    .argument('<images...>', 'image files, or folders of them')
    .requiredOption('--checkpoint <file>', "a run's checkpoints/best.safetensors or last.safetensors")
    .option('--threshold <score>', 'leave out detections with a lower score', share, 0.5)
    .requiredOption('--out <dir>', 'folder for pictures and detections.json; replaces only an earlier prediction')
    .option('--json', 'print detections.json instead of a table')
    .addOption(backendOption());
  return addPixelOptions(command)
    .addHelpText('after', examples)
    .action((paths: string[], options: PredictOptions) => predict(terminal, paths, options));
}

const examples = `
Boxes are x, y, width, height in pixels from the top left corner. Exits with 1 if an image could not be read; the others
are still processed. Bands and the limit of pixels are those of the run, unless they are given.

Examples:
  npm start -- predict --checkpoint runs/mine/checkpoints/best.safetensors photo.jpg --out seen
  npm start -- predict --checkpoint runs/mine/checkpoints/best.safetensors DIR --threshold 0.3 --out seen --json`;

const noFont =
  'no font is installed, so labels in the pictures cannot be read: install one, such as fonts-dejavu-core, and run again';

function share(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('expected a number from 0 to 1');
}

async function predict(terminal: Terminal, paths: string[], options: PredictOptions): Promise<void> {
  const { checkpoint: file, threshold, out } = options;
  const trained = readTrained(file);
  for (const note of trained.notes) terminal.err.write(`note: ${note}\n`);
  const unreadable: { file: string; message: string }[] = [];
  const giveUp = (file: string, message: string): void => {
    terminal.err.write(`error: ${message}\n`);
    unreadable.push({ file, message });
  };
  const { images, problems } = await looseImages(paths, {
    ...pixelsOf(trained.config.data),
    ...pixelOptions(options),
  });
  for (const problem of problems) giveUp(problem.path, problem.message);
  if (images.length === 0) throw new UserError('there are no images to detect objects in');
  const folder = openOutputFolder(out, images);

  await chooseBackend(terminal.err, options.backend, backendOptionsOf(trained.config));
  const results = await detectInReadable(terminal.err, trained, images, giveUp);
  const places = new Map(images.map(({ id }, n) => [id, n]));
  const seen = results.map(({ image: { id }, detections }) => {
    const n = places.get(id) as number;
    return {
      image: images[n] as FileImage,
      picture: folder.pictures[n] as string,
      detections: namedDetections(detections, trained).filter(({ score }) => score >= threshold),
    };
  });
  const predictions: Predictions = {
    checkpoint: file,
    threshold,
    classes: trained.categories.map(({ name }) => name),
    images: seen.map(({ image: { name, width, height }, picture, detections }) => {
      return { file: name, picture, width, height, detections: detections.map(rounded) };
    }),
    unreadable,
  };
  const document = predictionsJson(predictions);
  writeAtomically(folder.document, `${document}\n`);
  await withProgress(terminal.err, 'drawing', seen.length, async (progress) => {
    for (const [n, { image, picture, detections }] of seen.entries()) {
      await draw(image, detections, path.join(out, picture));
      progress(n + 1);
    }
  });
  folder.removeOthers();
  if (!(await canDrawText())) terminal.err.write(`note: ${noFont}\n`);

  terminal.out.write(`${options.json ? document : predictionsTable(predictions, out)}\n`);
  if (seen.every(({ detections }) => detections.length === 0)) hintAtThreshold(terminal.err, results, threshold);
  if (unreadable.length > 0) terminal.exitCode = 1;
}

/** @param giveUp - Called with each image that cannot be read; such an image has no result. */
async function detectInReadable(
  err: Output,
  trained: Trained,
  images: readonly FileImage[],
  giveUp: (file: string, message: string) => void,
): Promise<ImageResult[]> {
  const failed = new Set<DatasetImage['id']>();
  const tolerant = images.map((image) =>
    readBy(image, async () => {
      try {
        return await image.read();
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        const { id, name, width, height } = image;
        if (!failed.has(id)) giveUp(name, error.message);
        failed.add(id);
        // A blank image keeps the place in the batch, so that the others can be processed.
        return { width, height, data: new Uint8Array(3 * width * height) };
      }
    }),
  );
  const results = await withProgress(err, 'detecting', images.length, (progress) =>
    detect(trained, tolerant, progress),
  );
  return results.filter(({ image }) => !failed.has(image.id));
}

/** Detections with the names of their classes, in descending order of scores. */
function namedDetections({ labels, scores, boxes }: ImageDetections, { categories }: Trained): Labelled[] {
  return Array.from(scores, (score, n): Labelled => {
    const label = labels[n] as number;
    const [x, y, width, height] = [0, 1, 2, 3].map((k) => boxes[4 * n + k] as number) as [
      number,
      number,
      number,
      number,
    ];
    return { label, category: (categories[label] as Category).name, score, bbox: [x, y, width, height] };
  }).sort((a, b) => b.score - a.score);
}

/** Rounds to the digits that are meaningful. */
function rounded({ category, score, bbox: [x, y, width, height] }: Labelled): NamedDetection {
  const to = (digits: number, value: number): number => Number(value.toFixed(digits));
  return { category, score: to(6, score), bbox: [to(3, x), to(3, y), to(3, width), to(3, height)] };
}

async function draw(image: FileImage, detections: readonly Labelled[], file: string): Promise<void> {
  const bytes = await picture(await image.read(), {
    drawing: detectionsDrawing(image, detections),
    enlarged: enlargement(image),
    format: isJpeg(file) ? 'jpeg' : 'png',
  });
  writeAtomically(file, bytes);
}

function hintAtThreshold(err: Output, results: readonly ImageResult[], threshold: number): void {
  const surest = results.reduce((most, { detections }) => Math.max(most, ...Array.from(detections.scores)), 0);
  if (surest >= threshold || surest === 0) return;
  const lower = Math.floor(surest * 20) / 20;
  err.write(`note: the highest score is ${surest.toFixed(3)}: --threshold ${lower} would show some detections\n`);
}
