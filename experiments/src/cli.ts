/**
 * The command line: `npm start -- COMMAND …`. Results go to stdout, everything else to stderr. Exit codes: 0 done,
 * 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
 */
import { Command, CommanderError } from 'commander';
import { benchCommand } from './commands/bench.ts';
import { compareCommand } from './commands/compare.ts';
import { dataCommand } from './commands/data.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evalCommand } from './commands/eval.ts';
import { parityCommand } from './commands/parity.ts';
import { predictCommand } from './commands/predict.ts';
import { reportCommand } from './commands/report.ts';
import { trainCommand } from './commands/train.ts';
import { isExpected } from './expected-errors.ts';

const program = new Command('npm start --')
  .description('Denoising training of detection transformers: DETR, DAB-DETR, DN-DETR')
  .addCommand(compareCommand())
  .addCommand(trainCommand())
  .addCommand(evalCommand())
  .addCommand(predictCommand())
  .addCommand(reportCommand())
  .addCommand(dataCommand())
  .addCommand(doctorCommand())
  .addCommand(benchCommand())
  .addCommand(parityCommand());
throwOnUsage(program);

try {
  await program.parseAsync();
} catch (error) {
  // Help that was asked for comes as such an error too.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (isExpected(error)) {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}

function throwOnUsage(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help shows what there is)');
  for (const inner of command.commands) throwOnUsage(inner);
}
