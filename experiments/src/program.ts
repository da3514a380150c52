/** The commands of the command line, and how they end. */

import { FolderError, isExpected, SettingsError } from '@dn-detr/train';
import { Command, CommanderError } from 'commander';
import { ablateCommand } from './commands/ablate.ts';
import { benchCommand } from './commands/bench.ts';
import { compareCommand } from './commands/compare.ts';
import { dataCommand } from './commands/data.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evalCommand } from './commands/eval.ts';
import { inspectCommand } from './commands/inspect.ts';
import { parityCommand } from './commands/parity.ts';
import { predictCommand } from './commands/predict.ts';
import { reportCommand } from './commands/report.ts';
import { trainCommand } from './commands/train.ts';
import { UsageError } from './usage-error.ts';

const hint = '(--help shows what there is)';

/**
 * Runs what is typed and sets the process's exit code: 1 where it failed, 2 where it makes no sense. Errors that are no
 * mistake of ours are told on stderr.
 *
 * @param args without the interpreter and the script
 */
export async function runProgram(args: readonly string[]): Promise<void> {
  const program = new Command('npm start --')
    .description('Denoising training of detection transformers: DETR, DAB-DETR, DN-DETR')
    .addCommand(compareCommand())
    .addCommand(ablateCommand())
    .addCommand(trainCommand())
    .addCommand(evalCommand())
    .addCommand(predictCommand())
    .addCommand(reportCommand())
    .addCommand(inspectCommand())
    .addCommand(dataCommand())
    .addCommand(doctorCommand())
    .addCommand(benchCommand())
    .addCommand(parityCommand());
  throwOnUsage(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    // Help that was asked for comes as such an error too.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else if (error instanceof UsageError || error instanceof SettingsError) {
      process.stderr.write(`error: ${error.message}\n${hint}\n`);
      process.exitCode = 2;
    } else if (isExpected(error)) {
      const advice = error instanceof FolderError ? `\n${folderAdvice(args)}` : '';
      process.stderr.write(`error: ${error.message}${advice}\n`);
      process.exitCode = 1;
    } else throw error;
  }
}

/** Only `train` can be told to go on with the run in a folder; what has been told so already did not help. */
const folderAdvice = ([command, ...options]: readonly string[]): string =>
  `${command === 'train' && !options.includes('--resume') ? '--resume goes on with the run, ' : ''}--out names another folder`;

function throwOnUsage(command: Command): void {
  command.exitOverride().showHelpAfterError(hint);
  for (const inner of command.commands) throwOnUsage(inner);
}
