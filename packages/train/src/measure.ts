/** Measures what runs will take in a separate process, whose memory is free again when they begin. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunConfig } from './config/schema.ts';
import type { Measured, MeasuredMessage, MeasureTask } from './measure-messages.ts';
import { lastLines } from './process-pool.ts';
import { UserError } from './user-error.ts';

/** A run whose time and memory are measured. */
export interface ToMeasure {
  /** The run's name for people. */
  readonly name: string;
  readonly config: RunConfig;
}

/** Where and within which memory runs are measured. */
export interface MeasureOptions {
  readonly backend?: string;
  readonly signal: AbortSignal;
  /** Memory that may be taken. @defaultValue all of `machineMiB` */
  readonly limitMiB?: number;
}

/** Memory of this machine, or of the container that the process is in. */
export const machineMiB = (): number => Math.min(os.totalmem(), process.constrainedMemory() || os.totalmem()) / 2 ** 20;

// The same module, whether from sources or built.
const worker = new URL(`./measure-worker${path.extname(import.meta.url)}`, import.meta.url);

/**
 * Takes a few steps of each configuration, one after the other. After 15 seconds no further one is begun: those left are
 * taken for as costly as the costliest that was measured.
 *
 * @returns for each configuration; undefined if it was stopped
 * @throws UserError saying of which one that it cannot be trained: for want of memory, or as the run itself would say
 * @throws Error with the stack of any other error: that is a mistake of ours
 */
export async function measure(
  runs: readonly ToMeasure[],
  { backend, signal, limitMiB = machineMiB() }: MeasureOptions,
): Promise<readonly Measured[] | undefined> {
  const child = fork(fileURLToPath(worker), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const complaints = lastLines(child);
  const stop = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop);
  const found: Measured[] = [];
  let failed: Exclude<MeasuredMessage, { kind: 'measured' }> | undefined;
  child.on('message', (message: MeasuredMessage) => {
    if (message.kind === 'measured') found.push(message.measured);
    else failed = message;
  });
  child.send({
    configs: runs.map(({ config }) => config),
    limitMiB,
    ...(backend !== undefined && { backend }),
  } satisfies MeasureTask);
  const [code, killedBy] = await once(child, 'close');
  signal.removeEventListener('abort', stop);
  if (signal.aborted) return undefined;
  const at = runs[found.length];
  if (at !== undefined && (failed !== undefined || code !== 0)) {
    const refused = (why: string) => new UserError(`${at.name} cannot be trained like this: ${why}`);
    if (killedBy === 'SIGKILL' || failed?.kind === 'tooLarge') throw refused(tooLarge(at.config, limitMiB));
    if (failed?.kind === 'refused') throw refused(failed.message);
    const bug = failed?.stack ?? `its process ended with ${killedBy ?? code}: ${complaints()}`;
    throw new Error(`measuring ${at.name} failed: ${bug}`);
  }
  const most = (figure: keyof Measured): number => Math.max(...found.map((one) => one[figure]));
  const costliest = { seconds: most('seconds'), memoryMiB: most('memoryMiB'), cores: most('cores') };
  return runs.map((_, i) => found[i] ?? costliest);
}

const tooLarge = ({ data, model, batchSize }: RunConfig, limitMiB: number): string =>
  `a step takes more memory than there is (${(limitMiB / 1024).toFixed(1)} GiB). What it takes grows with ` +
  `data.canvas (${JSON.stringify(data.canvas)}), model.queries (${model.queries}), denoising.maxKnownQueries and ` +
  `batchSize (${batchSize}): set one of them lower`;
