/** `data export SOURCE --out DIR`: writes a data set in COCO's format. */
import { type Dataset, exportCoco, type ShapesOptions, shapesDataset } from '@dn-detr/data';
import { openFolder, UserError } from '@dn-detr/train';
import { Presets, SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { dataSource } from '../config/data-source.ts';
import type { Output, Terminal } from '../terminal.ts';
import {
  addFolderOptions,
  type FolderOptions,
  folderFlags,
  givenFolderOptions,
  openOptions,
} from './folder-options.ts';
import { wholeNumber } from './run-options.ts';

interface DataExportOptions extends FolderOptions, Pick<ShapesOptions, 'train' | 'val' | 'seed' | 'size' | 'plain'> {
  out: string;
  classes?: string[];
  objects?: Range;
  scale?: Range;
  rotation: boolean;
}

interface Range {
  readonly least: number;
  readonly most: number;
}

export function dataExportCommand(terminal: Terminal): Command {
  const command = new Command('export')
    .description('write shapes, or a data set in any format, as COCO: annotations/instances_*.json and PNG images')
    .argument('<source>', 'shapes, photos, or the folder of a data set')
    .requiredOption('--out <dir>', 'a new or empty folder');
  return addFolderOptions(command)
    .option('--train <count>', 'shapes: number of training images', wholeNumber)
    .option('--val <count>', 'shapes: number of validation images', wholeNumber)
    .option('--seed <number>', 'shapes: random seed', wholeNumber)
    .option('--size <pixels>', 'shapes: side of the images', wholeNumber)
    .option('--classes <names...>', 'shapes: which of disc, square, triangle, ring, cross, star, or how many of them')
    .option('--objects <least-most>', 'shapes: objects per image, such as 1-4', range)
    .option(
      '--scale <least-most>',
      "shapes: an object's longer side as a fraction of the image's, such as 0.2-0.5",
      range,
    )
    .option('--plain', 'shapes: backgrounds of one colour, no distractors')
    .option('--no-rotation', 'shapes: upright objects')
    .addHelpText('after', '\nExample:\n  npm start -- data export shapes --out shapes --train 100 --val 20 --size 256')
    .action(async (typed: string, options: DataExportOptions) => {
      const source = dataSource(terminal.err, typed);
      const { out, rotation, classes, ...given } = options;
      const reading = givenFolderOptions(given);
      const drawing = {
        ...Object.fromEntries(Object.entries(given).filter(([name]) => !(name in reading))),
        ...(classes && { classes: countOrNames(classes) }),
        ...(!rotation && { rotation }),
      } as ShapesOptions;
      const dataset =
        source === 'shapes' ? drawn(drawing, reading) : await opened(terminal.err, source, reading, drawing);
      const bar = terminal.err.isTTY
        ? new SingleBar(
            { format: 'writing {bar} {value}/{total} images', stream: terminal.err, clearOnComplete: true },
            Presets.shades_classic,
          )
        : undefined;
      bar?.start(dataset.train.length + dataset.val.length + dataset.test.length, 0);
      await exportCoco(dataset, out, { progress: (done) => bar?.update(done) }).finally(() => bar?.stop());
      const counts = (['train', 'val', 'test'] as const).map((split) => `${dataset[split].length} ${split}`);
      terminal.err.write(`${counts.join(', ')} images written to ${out}\n`);
    });
}

function drawn(options: ShapesOptions, reading: FolderOptions): Dataset {
  const [option] = Object.keys(reading) as (keyof FolderOptions)[];
  if (option !== undefined) throw new UserError(`${folderFlags[option]} is only for folders: shapes are generated`);
  return shapesDataset(options);
}

async function opened(
  err: Output,
  source: string,
  reading: FolderOptions,
  shapesOptions: ShapesOptions,
): Promise<Dataset> {
  const [option] = Object.keys(shapesOptions);
  if (option !== undefined) {
    throw new UserError(
      `--${option === 'rotation' ? 'no-rotation' : option} is only for shapes: ${source} is a folder`,
    );
  }
  const { dataset, notices } = await openFolder(source, openOptions(reading));
  for (const notice of notices) err.write(`notice: ${notice}\n`);
  return dataset;
}

function countOrNames(written: readonly string[]): number | readonly string[] {
  const [count] = written;
  return written.length === 1 && /^\d+$/.test(count as string) ? Number(count) : written;
}

function range(text: string): Range {
  const [least, most, ...more] = text.split('-').map(Number);
  if (least !== undefined && most !== undefined && more.length === 0 && least <= most) return { least, most };
  throw new InvalidArgumentError('expected two numbers, such as 1-4');
}
