/**
 * The command line: `npm start -- COMMAND …`. Results go to stdout, everything else to stderr. Exit codes: 0 done,
 * 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
 */
import { runProgram } from './program.ts';

await runProgram(process.argv.slice(2));
