/** `data COMMAND`: commands that check and convert data sets. */
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { dataCheckCommand } from './data-check.ts';
import { dataExportCommand } from './data-export.ts';

export function dataCommand(terminal: Terminal): Command {
  return new Command('data')
    .description('check a data set, or export it as COCO')
    .addCommand(dataCheckCommand(terminal))
    .addCommand(dataExportCommand(terminal));
}
