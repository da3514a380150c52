/** Starts the command line as a process that can be watched and stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Finished } from '@dn-detr/testing/process';
import { root } from '@dn-detr/testing/readme';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
/** Arguments with which Node runs the sources without a build. */
export const nodeArguments = ['--conditions=@dn-detr/source', '--import', tsx];
const script = path.join(root, 'experiments', 'src', 'cli.ts');

export interface CliProcess {
  readonly pid: number;
  /** The text written to stderr so far. */
  readonly complaints: () => string;
  readonly finished: Promise<Finished & { readonly signal: NodeJS.Signals | null }>;
  /** Sends a signal only to the process. */
  kill(signal: NodeJS.Signals): void;
  /** Sends a signal to the process and its children, like a terminal. */
  killGroup(signal: NodeJS.Signals): void;
  /** Stops reading its output, like `| head`. */
  hangUp(): void;
}

/** Starts the process of `npm start -- ARGS` without the set-up, in a separate process group. */
export function startCli(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): CliProcess {
  const child: ChildProcess = spawn(process.execPath, [...nodeArguments, script, ...args], {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const streams = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      streams[name] += text;
    });
  }
  const pid = child.pid as number;
  const killGroup = (signal: NodeJS.Signals): void => void process.kill(-pid, signal);
  // A failing test must not leave processes behind.
  const end = () => isRunning(pid) && killGroup('SIGKILL');
  process.once('exit', end);
  child.once('close', () => process.off('exit', end));
  return {
    pid,
    complaints: () => streams.stderr,
    finished: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, ...streams }));
    }),
    kill: (signal) => void child.kill(signal),
    killGroup,
    hangUp: () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
  };
}

export const runCli = (args: readonly string[], cwd: string) => startCli(args, cwd).finished;

/** Waits until a condition holds, checking it often. */
export async function until(what: string, isSo: () => boolean, seconds = 60): Promise<void> {
  const end = Date.now() + 1000 * seconds;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(10);
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
