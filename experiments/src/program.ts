/** Runs the commands of the command line and turns their errors into messages and exit codes. */

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

const hint = '(--help lists commands and options)';

/**
 * Runs a command line. Errors that are not bugs of the toolkit are printed on `err`; all others are thrown.
 *
 * @param args - Arguments without the interpreter and the script.
 * @returns The exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
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
    // Commander also throws after printing the output of --help, with exit code 0.
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

/** Advice for a folder that cannot be used. Only `train` has `--resume`, which does not help if it was given already. */
const folderAdvice = ([command, ...options]: readonly string[]): string =>
  `${command === 'train' && !options.includes('--resume') ? 'continue that run with --resume, or ' : ''}choose another folder with --out`;

/** Makes a command and its subcommands write help and usage errors to the terminal, and throw usage errors. */
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

/** Number of columns at which help is wrapped: the terminal's width, or commander's default of 80. */
const helpWidth = ({ isTTY, columns }: Output): number => (isTTY ? columns : undefined) ?? 80;
