/** `bench coco-eval`: COCO's evaluation compared with pycocotools. */

import { benchCocoEval, type CocoEvalBench, hasPycocotools } from '@dn-detr/bench';
import { UserError } from '@dn-detr/train';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

const sizes = { images: 5000, detections: 100, numClasses: 80 };
/** Largest difference of a figure that rounding can explain. */
const tolerance = 1e-6;

export function benchCocoEvalCommand(terminal: Terminal): Command {
  const { images, detections, numClasses } = sizes;
  return new Command('coco-eval')
    .description(
      `time COCO evaluation of ${images} images with ${detections} detections each and ${numClasses} classes, here and in pycocotools`,
    )
    .option('--json', 'print one JSON document')
    .option(
      '--python <path>',
      'an interpreter that must have pycocotools (default: PYTHON or python3, without which only ours is timed)',
    )
    .action(async ({ json, python }: { json?: true; python?: string }) => {
      const interpreter = python ?? process.env.PYTHON ?? 'python3';
      const isThere = await hasPycocotools(interpreter);
      const advice = `no pycocotools in ${interpreter}: pip install pycocotools, or name an interpreter with --python`;
      if (!isThere && python !== undefined) throw new UserError(advice);
      if (!isThere) terminal.err.write(`${advice}\n`);
      terminal.err.write(`measuring${isThere ? ', about a minute with pycocotools' : ''} …\n`);
      const bench = await benchCocoEval(sizes, isThere ? interpreter : undefined);
      terminal.out.write(`${json ? JSON.stringify(bench, null, 2) : describe(bench)}\n`);
      if (bench.largestDifference !== null && !(bench.largestDifference <= tolerance)) {
        throw new UserError(`the figures differ from those of pycocotools by ${bench.largestDifference}`);
      }
    });
}

function describe({ ms: { ours, pycocotools }, ratio, version, largestDifference }: CocoEvalBench): string {
  const table = new Table({
    head: ['', 'ours, ms', `pycocotools ${version ?? ''}, ms`, 'times as fast'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const [name, text] of [
    ['load', 'read files'],
    ['evaluate', 'evaluate'],
  ] as const) {
    table.push([text, ours[name].toFixed(0), pycocotools?.[name].toFixed(0) ?? '-', ratio?.[name].toFixed(1) ?? '-']);
  }
  const agreement = largestDifference === null ? '' : `\nthe figures differ by ${largestDifference.toExponential(1)}`;
  return `${table.toString()}${agreement}`;
}
