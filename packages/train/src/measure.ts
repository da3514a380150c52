/** Measures the cost of runs in a separate process, whose memory is free again when the runs begin. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunConfig } from './config/schema.ts';
import type { Measured, MeasuredMessage, MeasureTask } from './measure-messages.ts';
import { lastLines } from './process-pool.ts';
import { UserError } from './user-error.ts';

/** A run to be measured. */
export interface ToMeasure {
  /** The run's display name. */
  readonly name: string;
  readonly config: RunConfig;
}

/** Options of a measurement. */
export interface MeasureOptions {
  readonly backend?: string;
  readonly signal: AbortSignal;
  /** Memory that the process may use. @defaultValue `machineMiB()` */
  readonly limitMiB?: number;
}

/** Memory of this machine, or of the container in which the process runs, in MiB. */
export const machineMiB = (): number => Math.min(os.totalmem(), process.constrainedMemory() || os.totalmem()) / 2 ** 20;

// The same module, from source or built.
const worker = new URL(`./measure-worker${path.extname(import.meta.url)}`, import.meta.url);

/**
 * Takes a few steps of each configuration, one after the other. After 15 seconds no further configuration is started,
 * and the remaining ones are assumed to cost as much as the most expensive one measured.
 *
 * @returns the cost of each run; undefined if it was stopped
 * @throws UserError naming a run that cannot be trained, because it needs too much memory or for the reason that the
 *   run itself would give
 * @throws Error with the stack of any other error, which is a bug in the toolkit
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
  `a step takes more memory than there is (${(limitMiB / 1024).toFixed(1)} GiB). The memory of a step grows with ` +
  `data.canvas (${JSON.stringify(data.canvas)}), model.queries (${model.queries}), denoising.maxKnownQueries and ` +
  `batchSize (${batchSize}): lower one of them`;
