/**
 * The command line: `npm start -- COMMAND …`. Results go to stdout, everything else to stderr. Exit codes: 0 done,
 * 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
 */
import { runProgram } from './program.ts';

// A pipe whose reader has ended, such as `| head`, or `| tee` after Ctrl-C, must not end a run before it is saved.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runProgram(process.argv.slice(2), { out: process.stdout, err: process.stderr });
