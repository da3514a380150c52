/** `data check DIR`: what is wrong in a data set, and what training does about it. Reads everything, writes nothing. */
import { checkDataset, type FolderFormat, folderFormats } from '@dn-detr/data';
import { Presets, SingleBar } from 'cli-progress';
import { Command, Option } from 'commander';
import { formatDatasetReport, reportAsJson } from './data-check-report.ts';

interface DataCheckOptions {
  format?: FolderFormat;
  vocOrigin: '0' | '1';
  all?: true;
  json?: true;
}

export function dataCheckCommand(): Command {
  return new Command('check')
    .description(
      'read every annotation and image of a folder; list what is wrong and what training does about it; exits with 1 if ' +
        'training would stop',
    )
    .argument('<dir>', 'folder with COCO, YOLO or Pascal VOC annotations')
    .addOption(new Option('--format <format>', 'which annotations to read where several lie').choices(folderFormats))
    .addOption(
      new Option('--voc-origin <number>', "what VOC boxes call the first pixel: 1 in VOC's own files")
        .choices(['0', '1'])
        .default('0'),
    )
    .option('--all', 'every problem, not the first few of each kind')
    .option('--json', 'one JSON document on stdout, with every problem')
    .action(async (dir: string, { format, vocOrigin, all, json }: DataCheckOptions) => {
      const bar = process.stderr.isTTY
        ? new SingleBar(
            { format: 'reading {bar} {value}/{total} images, ETA {eta_formatted}', clearOnComplete: true },
            Presets.shades_classic,
          )
        : undefined;
      let started = false;
      const progress = (done: number, total: number): void => {
        if (!started) bar?.start(total, 0);
        started = true;
        bar?.update(done);
      };
      const options = { ...(format && { format }), vocOrigin: vocOrigin === '1' ? 1 : 0, progress } as const;
      const report = await checkDataset(dir, options).finally(() => bar?.stop());
      process.stdout.write(`${json ? reportAsJson(report) : formatDatasetReport(report, { all: all ?? false })}\n`);
      if (!report.usable) process.exitCode = 1;
    });
}
