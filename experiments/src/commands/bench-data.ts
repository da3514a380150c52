/** `bench data`: how quickly images are prepared for a training step. */
import { fileURLToPath } from 'node:url';
import { benchData, benchStepApart, type DataBench, type FedStep, type Files, stepConfigs } from '@dn-detr/bench';
import { openDataset } from '@dn-detr/data';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

const stepsTimed = 20;

export function benchDataCommand(terminal: Terminal): Command {
  return new Command('data')
    .description('time the loading of synthetic shapes and JPEGs, transformed and in batches, without the cache')
    .option(
      '--data <dir>',
      'files to read: a folder in COCO, YOLO or VOC layout (default: photographs of the tests, repeated)',
    )
    .option('--json', 'print one JSON document')
    .action(async ({ data, json }: { data?: string; json?: true }) => {
      const files = data === undefined ? await repeatedPhotos() : await trainingFiles(data);
      const say = (what: string): boolean => terminal.err.write(`measuring ${what} …\n`);
      say('the tiny training step');
      const { batch } = stepConfigs.tiny;
      const { ms, imagesPerSecond } = await benchStepApart('tiny', stepsTimed, '--no-phases');
      const cases = await benchData(files, { batch, ms }, say);
      const promise = cases.filter(({ met }) => met !== undefined);
      const met = promise.every((one) => one.met);
      terminal.out.write(
        json
          ? `${JSON.stringify({ cases, tinyStep: { batch, ms, imagesPerSecond }, met }, null, 2)}\n`
          : `${tableOf(cases)}\n${inWords({ batch, ms }, imagesPerSecond)}\n${promise.map(verdict).join('\n')}\n`,
      );
    });
}

async function trainingFiles(folder: string): Promise<Files> {
  const { name, train } = (await openDataset(folder)).dataset;
  return { name, images: train };
}

/** JPEGs of 320 × 240 that every checkout has. */
const photos = fileURLToPath(new URL('../../../test/fixtures/data/bccd', import.meta.url));

/** The photographs repeated, since so few would not fill a batch; each repetition is decoded again. */
async function repeatedPhotos(): Promise<Files> {
  const { train, val } = (await openDataset(photos)).dataset;
  const own = [...train, ...val];
  const images = Array.from({ length: 64 }, (_, n) => own[n % own.length] as (typeof own)[number]);
  return { name: `${own.length} JPEGs, repeated`, images };
}

const inWords = ({ batch, ms }: FedStep, imagesPerSecond: number): string =>
  `The tiny training step, measured just before, takes ${ms.toFixed(0)} ms: ${imagesPerSecond.toFixed(0)} images/s. ` +
  `Waits are for a batch of ${batch}, while the main thread is busy for that long in each step.`;

function verdict({ images, width, augmentation, imagesPerSecond, timesStep, required = 0, met }: DataBench): string {
  const found = `${imagesPerSecond.toFixed(0)} images/s, ${timesStep.toFixed(1)} times as many as the step needs`;
  return `${met ? 'met' : 'NOT MET'}: ${images} at ${width}, ${augmentation}: ${found}; required ${required.toFixed(0)}`;
}

function tableOf(cases: readonly DataBench[]): string {
  const head = ['images', 'canvas', 'augmentation', 'images/s', '× step', 'CPU, ms per image', 'wait, ms', 'longest'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { images, width, height, augmentation, ...figures } of cases) {
    const { imagesPerSecond, timesStep, cpuMs, waitMs, longestWaitMs } = figures;
    const rounded = [timesStep.toFixed(1), cpuMs.toFixed(2), waitMs.toFixed(1), longestWaitMs.toFixed(1)];
    table.push([images, `${width} × ${height}`, augmentation, imagesPerSecond.toFixed(0), ...rounded]);
  }
  return table.toString();
}
