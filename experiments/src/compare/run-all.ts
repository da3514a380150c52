/** Runs in processes of their own, as many at a time as there are cores for. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProgressDisplay } from '../train/progress.ts';
import type { RunResult } from '../train/start.ts';
import type { WorkerMessage, WorkerTask } from '../train/worker.ts';

export interface PlannedRun extends WorkerTask {
  /** for people */
  readonly label: string;
}

/** How a run ended: its result, or why there is none. */
export type RunOutcome = { readonly result: RunResult } | { readonly failed: string } | { readonly stopped: true };

export interface RunAllOptions {
  /** at the same time */
  readonly processes: number;
  readonly display: ProgressDisplay;
  /** what a run need not say, since it has been said of all */
  readonly said: readonly string[];
  /** stops all runs, each with a checkpoint, and starts no more */
  readonly signal: AbortSignal;
  /** is told that a run has one more evaluation */
  readonly onEvaluation: () => void;
  /** is told of each run that ended */
  readonly onEnd: (run: PlannedRun, outcome: RunOutcome) => void;
}

/** @throws what `onEnd` throws, once all other runs are stopped */
export async function runAll(runs: readonly PlannedRun[], options: RunAllOptions): Promise<void> {
  const waiting = [...runs];
  const said = new Set(options.said);
  /** What is to be said of the data is the same for every run. */
  const sayOnce = (text: string): void => {
    if (!said.has(text)) options.display.say(text);
    said.add(text);
  };
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const worker = async (): Promise<void> => {
    while (!signal.aborted) {
      const run = waiting.shift();
      if (run === undefined) return;
      options.onEnd(run, await runOne(run, { ...options, signal, sayOnce }));
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

async function runOne(
  run: PlannedRun,
  { display, signal, onEvaluation, sayOnce }: RunAllOptions & { readonly sayOnce: (text: string) => void },
): Promise<RunOutcome> {
  const child = fork(fileURLToPath(new URL('../train/worker.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const complaints = lastLines(child);
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  let outcome: RunOutcome | undefined;
  child.on('message', (message: WorkerMessage) => {
    if (message.kind === 'progress') display.update(run.label, message.state);
    else if (message.kind === 'evaluated') onEvaluation();
    else if (message.kind === 'notice') sayOnce(message.text);
    else if (message.kind === 'done') outcome = { result: message.result };
    else outcome = { failed: message.message };
  });
  const { config, folder, backend } = run;
  child.send({ config, folder, ...(backend !== undefined && { backend }) } satisfies WorkerTask);
  const [code, killedBy] = await once(child, 'close');
  signal.removeEventListener('abort', stop);
  if (outcome) return outcome;
  if (signal.aborted) return { stopped: true };
  const why = complaints() || (killedBy === 'SIGKILL' ? 'perhaps for want of memory' : 'it does not say why');
  return { failed: `its process ended with ${killedBy ?? code} before the run did: ${why}` };
}

/** What a process wrote to stderr last. */
function lastLines(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text = `${text}${part}`.slice(-2000);
  });
  return () => text.trim().split('\n').slice(-5).join('\n');
}
