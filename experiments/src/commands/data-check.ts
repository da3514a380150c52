/** `data check DIR`: reports what is wrong in a data set and how training handles it. Reads everything, writes nothing. */
import { checkDataset } from '@dn-detr/data';
import { UserError } from '@dn-detr/train';
import { Presets, SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { dataSource } from '../config/data-source.ts';
import type { Terminal } from '../terminal.ts';
import { formatDatasetReport, reportAsJson } from './data-check-report.ts';
import { addFolderOptions, type FolderOptions, openOptions } from './folder-options.ts';

interface DataCheckOptions extends FolderOptions {
  all?: true;
  json?: true;
}

export function dataCheckCommand(terminal: Terminal): Command {
  const command = new Command('check')
    .description(
      'read every annotation and image of a folder, and list what is wrong and how training handles it; exits with 1 if ' +
        'training would stop',
    )
    .argument('<dir>', 'folder with COCO, YOLO or Pascal VOC annotations, or photos');
  return addFolderOptions(command)
    .option('--all', 'list every problem, not only the first few of each kind')
    .option('--json', 'print one JSON document, with every problem')
    .action(async (typed: string, { all, json, ...reading }: DataCheckOptions) => {
      if (typed === 'shapes')
        throw new UserError(
          'shapes are generated: there is nothing to check; for a folder of this name write ./shapes',
        );
      const dir = dataSource(terminal.err, typed);
      const bar = terminal.err.isTTY
        ? new SingleBar(
            {
              format: 'reading {bar} {value}/{total} images, ETA {eta_formatted}',
              stream: terminal.err,
              clearOnComplete: true,
            },
            Presets.shades_classic,
          )
        : undefined;
      let started = false;
      const progress = (done: number, total: number): void => {
        if (!started) bar?.start(total, 0);
        started = true;
        bar?.update(done);
      };
      const report = await checkDataset(dir, { ...openOptions(reading), progress }).finally(() => bar?.stop());
      terminal.out.write(`${json ? reportAsJson(report) : formatDatasetReport(report, { all: all ?? false })}\n`);
      if (!report.usable) terminal.exitCode = 1;
    });
}
