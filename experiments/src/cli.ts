/** The command line: `npm start -- COMMAND …`. Results go to stdout, everything else to stderr. */

import { BackendError } from '@dn-detr/runtime';
import { Command, CommanderError } from 'commander';
import { benchCommand } from './commands/bench.ts';
import { doctorCommand } from './commands/doctor.ts';
import { parityCommand } from './commands/parity.ts';
import { UserError } from './user-error.ts';

const program = new Command('npm start --')
  .description('Denoising training of detection transformers: DETR, DAB-DETR, DN-DETR')
  .addCommand(doctorCommand())
  .addCommand(benchCommand())
  .addCommand(parityCommand())
  .showHelpAfterError();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else if (error instanceof UserError || error instanceof BackendError) {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
