/** `data COMMAND`: what concerns data sets themselves. */
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { dataCheckCommand } from './data-check.ts';
import { dataExportCommand } from './data-export.ts';

export function dataCommand(terminal: Terminal): Command {
  return new Command('data')
    .description('data sets: what is in them and what is wrong')
    .addCommand(dataCheckCommand(terminal))
    .addCommand(dataExportCommand(terminal));
}
