/** `bench depthwise`: the depthwise convolutions of EfficientNet-Lite0 compared with PyTorch's. */

import {
  benchDepthwise,
  type DepthwiseBench,
  type DepthwiseRow,
  depthwiseShapes,
  nameOf,
  TorchDepthwise,
} from '@dn-detr/bench';
import { efficientnetLite } from '@dn-detr/core';
import { UserError } from '@dn-detr/train';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';

const image = { height: 240, width: 320 };
const options = { batch: 4, threads: 2 };

export function benchDepthwiseCommand(terminal: Terminal): Command {
  return new Command('depthwise')
    .description(
      `time the depthwise convolutions of EfficientNet-Lite0, ${options.batch} images of ${image.width}×${image.height}, forward ` +
        `and backward, here and in the faster of PyTorch's layouts (contiguous, channels_last), ${options.threads} threads each`,
    )
    .option('--json', 'print one JSON document')
    .option(
      '--python <path>',
      'an interpreter that must have PyTorch (default: PYTHON or python3, without which only ours are timed)',
    )
    .addOption(backendOption())
    .action(async ({ json, python, backend }: { json?: true; python?: string; backend?: string }) => {
      await chooseBackend(terminal.err, backend, { threadsPerOp: options.threads });
      const interpreter = python ?? process.env.PYTHON ?? 'python3';
      const torch = await TorchDepthwise.start(interpreter);
      const advice = `no PyTorch in ${interpreter}: pip install torch, or name an interpreter with --python`;
      if (torch === undefined && python !== undefined) throw new UserError(advice);
      if (torch === undefined) terminal.err.write(`${advice}\n`);
      const shapes = await depthwiseShapes(efficientnetLite({ variant: 0 }), image);
      const bench = await benchDepthwise(shapes, torch, options, (shape) =>
        terminal.err.write(`measuring ${nameOf(shape)} …\n`),
      ).finally(() => torch?.close());
      terminal.out.write(`${json ? JSON.stringify({ image, ...bench }, null, 2) : tableOf(bench)}\n`);
    });
}

function tableOf({ rows, total, version }: DepthwiseBench): string {
  const head = [
    '',
    'times',
    'forward, ms',
    'and backward, ms',
    `PyTorch ${version ?? ''}: forward, ms`,
    'and backward, ms',
    'layout',
  ];
  const table = new Table({
    head: [...head, 'times as fast: forward', 'both'],
    colAligns: ['left', ...Array(8).fill('right')],
    style: { head: [], border: [] },
  });
  const figures = ({ ms, ratio }: Pick<DepthwiseRow, 'ms' | 'ratio'>, layout: string): string[] => [
    ...[ms.ours, ms.torch].flatMap((times) => [times?.forward.toFixed(2) ?? '-', times?.both.toFixed(2) ?? '-']),
    layout,
    ratio?.forward.toFixed(2) ?? '-',
    ratio?.both.toFixed(2) ?? '-',
  ];
  for (const row of rows) table.push([nameOf(row), row.count, ...figures(row, row.layout ?? '-')]);
  table.push(['all', rows.reduce((sum, { count }) => sum + count, 0), ...figures(total, '')]);
  return table.toString();
}
