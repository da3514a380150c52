/** The process that measures the cost of runs. */
import { Worker } from 'node:worker_threads';
import { useBackend } from '@dn-detr/runtime';
import { backendOptionsOf } from './backend-options.ts';
import { dryRun, type StepsToMeasure } from './dry-run.ts';
import { isExpected } from './expected-errors.ts';
import type { MeasuredMessage, MeasureTask } from './measure-messages.ts';

/** Milliseconds after which no further configuration is started. */
const patience = 15_000;

/** Just enough steps to tell an ordinary one from the first, which traces: about a hundredth of a run. */
const steps: StepsToMeasure = { warmUp: 1, measured: 3, seconds: 2, again: true };

/** Fraction of its memory that a machine can spare for one process. */
const spared = 0.9;

const send = (message: MeasuredMessage): Promise<void> =>
  new Promise((resolve) => (process.connected ? process.send?.(message, () => resolve()) : resolve()));

async function work({ configs, limitMiB, backend }: MeasureTask): Promise<void> {
  endAbove(spared * limitMiB * 2 ** 20);
  // The parent is gone, so nobody is waiting for results.
  process.once('disconnect', () => process.exit());
  try {
    let booted: number | undefined;
    for (const config of configs) {
      await useBackend(backend, backendOptionsOf(config));
      const [began, cpu] = [performance.now(), process.cpuUsage()];
      booted ??= began / 1000;
      const found = await dryRun(config, { steps });
      if (found === undefined) break;
      const { user, system } = process.cpuUsage(cpu);
      const cores = (user + system) / 1e6 / ((performance.now() - began) / 1000);
      const seconds = booted + found.startSeconds + found.expectedSeconds + found.evaluationSeconds;
      await send({ kind: 'measured', measured: { seconds, memoryMiB: found.peakMiB + found.keptMiB, cores } });
      if (performance.now() > patience) break;
    }
  } catch (error) {
    if (isExpected(error)) await send({ kind: 'refused', message: error.message });
    else if (isOfSize(error)) await send({ kind: 'tooLarge' });
    else await send({ kind: 'failed', stack: (error as Error).stack ?? String(error) });
    process.exitCode = 1;
  }
  if (process.connected) process.disconnect();
}

/**
 * Matches the errors that JavaScript, TensorFlow and WebAssembly throw for something too large to allocate; they have
 * no codes.
 */
const wordsOfSize = /invalid (typed )?array (buffer )?length|allocation failed|out of memory|\bOOM\b|bad_alloc/i;

const isOfSize = (error: unknown): boolean => error instanceof Error && wordsOfSize.test(error.message);

/**
 * Kills this process before it takes memory from all others. A separate thread watches, since steps block this one.
 * Memory is measured rather than computed, because it depends on the backend.
 */
function endAbove(bytes: number): void {
  const watch = `
    const { workerData } = require('node:worker_threads');
    setInterval(() => process.memoryUsage.rss() > workerData && process.kill(process.pid, 'SIGKILL'), 20);`;
  new Worker(watch, { eval: true, workerData: bytes, execArgv: [] }).unref();
}

process.once('message', (task) => void work(task as MeasureTask));
