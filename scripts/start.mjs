// `npm start -- COMMAND …`: sets up what is missing, then runs the command line.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { root, setUp, typescript } from './setup.mjs';

setUp();
const cli = path.join(root, 'experiments', 'src', 'cli.ts');
const arguments_ = process.argv.length > 2 ? process.argv.slice(2) : ['compare'];
// Paths on the command line are relative to the user's working directory, which npm records.
const cwd = process.env.INIT_CWD ?? process.cwd();
const child = spawn(process.execPath, [...typescript(), cli, ...arguments_], { cwd, stdio: 'inherit' });
// The terminal sends Ctrl-C to the child too; a plain kill reaches only this process and is passed on.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('close', (code, signal) => {
  if (signal) process.removeAllListeners(signal);
  if (signal) process.kill(process.pid, signal);
  else process.exitCode = code ?? 1;
});
