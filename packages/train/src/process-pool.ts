/**
 * A pool of processes, each of which trains one run at a time. p-map, which `@dn-detr/data` uses, rejects on an error
 * without waiting for the work in progress, whereas runs must first be stopped with their checkpoints.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunProgress } from './progress-events.ts';
import type { RunResult } from './start.ts';
import type { WorkerMessage, WorkerTask } from './worker.ts';

/** A run for a pool of processes. */
export interface PlannedRun extends WorkerTask {
  /** Display name of the run. */
  readonly label: string;
}

/** The outcome of a run: its result, or why there is none. */
export type RunOutcome = { readonly result: RunResult } | { readonly failed: string } | { readonly stopped: true };

/** Options of a pool. */
export interface PoolOptions {
  /** Number of runs that are trained at the same time. */
  readonly processes: number;
  /** Stops all runs, each with a checkpoint, and starts no more. */
  readonly signal: AbortSignal;
  /**
   * The module that a process runs, which must call `serveRun`. A custom one passes its own catalog to `serveRun`.
   *
   * @defaultValue one that knows the models of this package
   */
  readonly worker?: URL;
  /** Called with the progress of a run. */
  readonly onProgress: (run: PlannedRun, state: RunProgress) => void;
  /** Called with what a user should know before a run begins. */
  readonly onNotice: (run: PlannedRun, text: string) => void;
  /** Called after each evaluation of a run. */
  readonly onEvaluation: (run: PlannedRun) => void;
  /** Called after the end of each run. */
  readonly onEnd: (run: PlannedRun, outcome: RunOutcome) => void;
}

/**
 * Trains all runs.
 *
 * @throws whatever `onEnd` throws, once all other runs have stopped
 */
export async function runAll(runs: readonly PlannedRun[], options: PoolOptions): Promise<void> {
  const waiting = [...runs];
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const worker = async (): Promise<void> => {
    while (!signal.aborted) {
      const run = waiting.shift();
      if (run === undefined) return;
      options.onEnd(run, await runOne(run, { ...options, signal }));
    }
  };
  const workers = Array.from({ length: Math.min(options.processes, runs.length) }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    broken.abort();
    await Promise.allSettled(workers);
    throw error;
  }
}

// The same module, from source or built.
const ownWorker = new URL(`./own-worker${path.extname(import.meta.url)}`, import.meta.url);

async function runOne(
  run: PlannedRun,
  { signal, worker = ownWorker, onProgress, onNotice, onEvaluation }: PoolOptions,
): Promise<RunOutcome> {
  const child = fork(fileURLToPath(worker), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const complaints = lastLines(child);
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  let outcome: RunOutcome | undefined;
  child.on('message', (message: WorkerMessage) => {
    if (message.kind === 'progress') onProgress(run, message.state);
    else if (message.kind === 'evaluated') onEvaluation(run);
    else if (message.kind === 'notice') onNotice(run, message.text);
    else if (message.kind === 'done') outcome = { result: message.result };
    else outcome = { failed: message.message };
  });
  const { config, folder, backend } = run;
  child.send({ config, folder, ...(backend !== undefined && { backend }) } satisfies WorkerTask);
  const [code, killedBy] = await once(child, 'close');
  signal.removeEventListener('abort', stop);
  if (outcome) return outcome;
  if (signal.aborted) return { stopped: true };
  const why = complaints() || (killedBy === 'SIGKILL' ? 'perhaps it ran out of memory' : 'it does not say why');
  return { failed: `its process ended with ${killedBy ?? code} before the run did: ${why}` };
}

/** The last lines that a process has written to stderr. */
export function lastLines(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text = `${text}${part}`.slice(-2000);
  });
  return () => text.trim().split('\n').slice(-5).join('\n');
}
