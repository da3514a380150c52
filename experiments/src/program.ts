/** The commands of the command line, and how they end. */

import { FolderError, isExpected, SettingsError } from '@dn-detr/train';
import { Command, CommanderError } from 'commander';
import { ablateCommand } from './commands/ablate.ts';
import { benchCommand } from './commands/bench.ts';
import { compareCommand } from './commands/compare.ts';
import { dataCommand } from './commands/data.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evalCommand } from './commands/eval.ts';
import { gpuCheckCommand } from './commands/gpu-check.ts';
import { inspectCommand } from './commands/inspect.ts';
import { parityCommand } from './commands/parity.ts';
import { predictCommand } from './commands/predict.ts';
import { reportCommand } from './commands/report.ts';
import { trainCommand } from './commands/train.ts';
import type { Output, Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

const hint = '(--help shows what there is)';

/**
 * Runs what is typed. Errors that are no mistake of ours are told on `err`; any other is thrown.
 *
 * @param args without the interpreter and the script
 * @returns the exit code: 1 where it failed, 2 where it makes no sense, 130 where it was stopped
 */
export async function runProgram(
  args: readonly string[],
  { out, err }: { readonly out: Output; readonly err: Output },
): Promise<number> {
  const terminal: Terminal = { out, err, args, exitCode: 0 };
  const program = new Command('npm start --')
    .description('Denoising training of detection transformers: DETR, DAB-DETR, DN-DETR, Deformable DETR, DINO')
    .addCommand(compareCommand(terminal))
    .addCommand(ablateCommand(terminal))
    .addCommand(trainCommand(terminal))
    .addCommand(evalCommand(terminal))
    .addCommand(predictCommand(terminal))
    .addCommand(reportCommand(terminal))
    .addCommand(inspectCommand(terminal))
    .addCommand(dataCommand(terminal))
    .addCommand(doctorCommand(terminal))
    .addCommand(gpuCheckCommand(terminal))
    .addCommand(benchCommand(terminal))
    .addCommand(parityCommand(terminal));
  connect(program, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return terminal.exitCode;
  } catch (error) {
    // Help that was asked for comes as such an error too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError || error instanceof SettingsError) {
      err.write(`error: ${error.message}\n${hint}\n`);
      return 2;
    }
    if (!isExpected(error)) throw error;
    const advice = error instanceof FolderError ? `\n${folderAdvice(args)}` : '';
    err.write(`error: ${error.message}${advice}\n`);
    return 1;
  }
}

/** Only `train` can be told to go on with the run in a folder; what has been told so already did not help. */
const folderAdvice = ([command, ...options]: readonly string[]): string =>
  `${command === 'train' && !options.includes('--resume') ? '--resume goes on with the run, ' : ''}--out names another folder`;

/** Help and what is said of wrong usage go to the terminal, for all commands, and wrong usage is thrown. */
function connect(command: Command, terminal: Terminal): void {
  const { out, err } = terminal;
  command
    .exitOverride()
    .showHelpAfterError(hint)
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void err.write(text),
      getOutHelpWidth: () => helpWidth(out),
      getErrHelpWidth: () => helpWidth(err),
    });
  for (const inner of command.commands) connect(inner, terminal);
}

/** Columns that help is wrapped at: those of the terminal, elsewhere what commander takes by itself. */
const helpWidth = ({ isTTY, columns }: Output): number => (isTTY ? columns : undefined) ?? 80;
