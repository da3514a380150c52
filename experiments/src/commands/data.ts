/** `data COMMAND`: what concerns data sets themselves. */
import { Command } from 'commander';
import { dataCheckCommand } from './data-check.ts';
import { dataExportCommand } from './data-export.ts';

export function dataCommand(): Command {
  return new Command('data')
    .description('data sets: what is in them and what is wrong')
    .addCommand(dataCheckCommand())
    .addCommand(dataExportCommand());
}
