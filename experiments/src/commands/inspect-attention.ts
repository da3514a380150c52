/** `inspect attention`: where a query of a trained model looks, and which other queries it attends to. */
import { looseImages, type SplitName, splitNames, trainingObjects } from '@dn-detr/data';
import { backendOptionsOf, pixelsOf, UserError } from '@dn-detr/train';
import { Command, Option } from 'commander';
import { attentionOf } from '../inspect/attention.ts';
import { openOutput } from '../inspect/output-folder.ts';
import { type OpenedSplit, openSplit } from '../predict/evaluate-checkpoint.ts';
import { readTrained, type Trained } from '../predict/trained.ts';
import type { Output, Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { backendOption, chooseBackend } from './backend-option.ts';
import { writeInspection } from './inspect-result.ts';
import { fromOne, wholeNumber } from './run-options.ts';

interface AttentionOptions {
  checkpoint: string;
  data?: string;
  split?: SplitName;
  images?: number;
  query?: number;
  known?: true;
  out: string;
  json?: true;
  backend?: string;
}

export function inspectAttentionCommand(terminal: Terminal): Command {
  return new Command('attention')
    .description('show where a query looks in the image, and its self-attention to the other queries')
    .argument('[images...]', 'image files, or folders of them')
    .requiredOption('--checkpoint <file>', "a run's checkpoints/best.safetensors or last.safetensors")
    .option(
      '--data <dir>',
      'instead of image files: a data set, photos or shapes (default: the data that the model was trained on)',
    )
    .addOption(new Option('--split <name>', 'split of the data set (default: val)').choices(splitNames))
    .option('--images <count>', 'number of images from the start of the split (default: 3)', fromOne)
    .option('--query <number>', 'which matching query, from 0 (default: the one with the highest score)', wholeNumber)
    .option('--known', 'add known queries as in training, for images of the data set that have objects')
    .requiredOption('--out <dir>', 'folder for attention.html and its pictures; replaces only an earlier inspection')
    .option('--json', 'print the findings and the files written, as one JSON document')
    .addOption(backendOption())
    .addHelpText('after', examples)
    .action((paths: string[], options: AttentionOptions) => inspectAttention(terminal, paths, options));
}

const examples = `
Examples:
  npm start -- inspect attention --checkpoint runs/mine/checkpoints/best.safetensors --out seen
  npm start -- inspect attention --checkpoint runs/mine/checkpoints/best.safetensors photo.jpg --query 12 --out seen
  npm start -- inspect attention --checkpoint runs/mine/checkpoints/last.safetensors --data DIR --known --out seen`;

const fewImages = 3;

async function inspectAttention(terminal: Terminal, paths: string[], options: AttentionOptions): Promise<void> {
  const { checkpoint: file, query, known = false, out, json, backend } = options;
  if (paths.length > 0 && (options.data !== undefined || options.split !== undefined || options.images !== undefined)) {
    throw new UsageError('expected either image files or --data, --split and --images, not both');
  }
  if (paths.length > 0 && known) {
    throw new UsageError('--known makes queries from annotated objects: expected --data instead of image files');
  }
  const trained = readTrained(file);
  for (const note of trained.notes) terminal.err.write(`note: ${note}\n`);
  const { images, framed } =
    paths.length > 0 ? await imagesAt(paths, trained) : await imagesOfData(terminal.err, trained, options);
  const folder = openOutput(out, 'attention');
  await chooseBackend(terminal.err, backend, backendOptionsOf(trained.config));
  const found = await attentionOf(trained, images, { query, known }, framed);
  const { attentionInspection } = await import('../inspect/attention-page.ts');
  const source = { checkpoint: file, model: trained.config.model.name, categories: trained.categories };
  writeInspection(terminal.out, folder, await attentionInspection(found, source), out, json);
}

/** @throws UserError if one of the paths has no image. */
async function imagesAt(
  paths: readonly string[],
  { config }: Trained,
): Promise<Pick<OpenedSplit, 'images' | 'framed'>> {
  const { images, problems } = await looseImages(paths, pixelsOf(config.data));
  if (problems.length > 0) throw new UserError(problems.map(({ message }) => message).join('\n'));
  return { images, framed: images };
}

/** @throws UserError if there are no images, or none with an object although known queries are wanted. */
async function imagesOfData(
  err: Output,
  trained: Trained,
  { checkpoint, data: wanted, split: named, images: count = fewImages, known }: AttentionOptions,
): Promise<Pick<OpenedSplit, 'images' | 'framed'>> {
  const { data, split, images, framed, notes } = await openSplit(err, trained, checkpoint, wanted, named);
  for (const note of notes) err.write(`note: ${note}\n`);
  const usable = known ? images.filter((image) => trainingObjects(image).labels.length > 0) : images;
  if (usable.length === 0) {
    throw new UserError(
      `${data} has no images with an object in its ${split} split, and --known makes queries from objects: leave it out`,
    );
  }
  return { images: usable.slice(0, count), framed };
}
