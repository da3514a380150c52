/** `bench data`: how quickly images come to a training step. */
import { openDataset } from '@dn-detr/data';
import Table from 'cli-table3';
import { Command } from 'commander';
import { benchData, type DataBench, tinyStep } from '../bench/data.ts';

export function benchDataCommand(): Command {
  return new Command('data')
    .description("images a second from drawn shapes and from a folder's files, transformed and in batches, cache off")
    .option('--data <dir>', 'also measure the images of a folder in COCO, YOLO or VOC layout')
    .option('--json', 'one JSON document on stdout')
    .action(async ({ data, json }: { data?: string; json?: true }) => {
      const dataset = data === undefined ? undefined : (await openDataset(data)).dataset;
      const cases = await benchData(dataset, (name) => process.stderr.write(`measuring ${name} …\n`));
      if (json) {
        process.stdout.write(`${JSON.stringify({ cases, tinyStep }, null, 2)}\n`);
        return;
      }
      process.stdout.write(
        `${tableOf(cases)}\n` +
          `The tiny training step (bench step) takes ${tinyStep.imagesPerSecond.toFixed(0)} images/s; ` +
          `the waits are for a batch of ${tinyStep.batch} beside a main thread busy for ${tinyStep.ms} ms a step\n`,
      );
    });
}

function tableOf(cases: readonly DataBench[]): string {
  const head = ['images', 'canvas', 'augmentation', 'images/s', 'CPU, ms an image', 'wait, ms', 'longest'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { images, width, height, augmentation, imagesPerSecond, cpuMs, waitMs, longestWaitMs } of cases) {
    const figures = [imagesPerSecond.toFixed(0), cpuMs.toFixed(2), waitMs.toFixed(1), longestWaitMs.toFixed(1)];
    table.push([images, `${width} × ${height}`, augmentation, ...figures]);
  }
  return table.toString();
}
