/** Estimates the time and memory that runs will need together, measured before the first one begins. */
import os from 'node:os';
import {
  counted,
  type Measured,
  type MeasureOptions,
  machineMiB,
  measure,
  type PlannedRun,
  UserError,
} from '@dn-detr/train';
import { duration } from '../format.ts';

/** Expected time and memory of runs. */
export interface Expected {
  readonly seconds: number;
  readonly memoryMiB: number;
}

/**
 * Measures a few steps of each model, after a notice, and estimates the time and memory of all runs.
 *
 * @param runs - The runs; all seeds of a model are assumed to take the same time.
 * @param processes - Number of runs at a time.
 * @returns The estimate; undefined if it was stopped.
 * @throws UserError if a run cannot be trained, or the machine has too little memory for so many runs at a time.
 */
export async function expectedFor(
  runs: readonly (Pick<PlannedRun, 'config'> & { readonly model: string })[],
  processes: number,
  options: MeasureOptions & { readonly notice: (text: string) => void },
): Promise<Expected | undefined> {
  const models = [...new Map(runs.map(({ model, config }) => [model, { name: model, config }])).values()];
  options.notice(`measuring a few steps of ${models.map(({ name }) => name).join(', ')}`);
  const measured = await measure(models, options);
  if (measured === undefined) return undefined;
  const byModel = new Map(models.map(({ name }, i) => [name, measured[i] as Measured]));
  const each = runs.map(({ model }) => byModel.get(model) as Measured);
  return expectedOf(each, processes, { cores: os.availableParallelism(), memoryMiB: machineMiB() });
}

/**
 * Combines measurements of individual runs.
 *
 * @param runs - Time, memory and cores of each run by itself.
 * @throws UserError if the machine has too little memory.
 */
export function expectedOf(
  runs: readonly Measured[],
  processes: number,
  machine: { readonly cores: number; readonly memoryMiB: number },
): Expected {
  const together = Math.min(processes, runs.length);
  const most = (figure: keyof Measured): number => Math.max(...runs.map((run) => run[figure]));
  const memoryMiB = together * most('memoryMiB');
  if (memoryMiB > machine.memoryMiB) {
    const fitting = Math.floor(machine.memoryMiB / most('memoryMiB'));
    throw new UserError(
      `${counted(together, 'run')} at a time would need ${gibibytes(memoryMiB)} of memory, and there are ` +
        `${gibibytes(machine.memoryMiB)}: ` +
        (fitting > 0
          ? `take ${fitting} at a time (--processes ${fitting})`
          : 'set data.canvas, model.queries or batchSize lower'),
    );
  }
  // Runs that keep more cores busy than the machine has wait for each other.
  const slower = Math.max(1, (together * most('cores')) / machine.cores);
  const shared = runs.reduce((sum, { seconds }) => sum + seconds, 0) / together;
  // The longest run may begin last.
  return { seconds: slower * Math.max(shared, most('seconds')), memoryMiB };
}

/** Formats the estimate as `about 8 min with 1.1 GiB of memory`. */
export const expectedWords = ({ seconds, memoryMiB }: Expected): string =>
  `about ${duration(Number(seconds.toPrecision(2)))} with ${gibibytes(memoryMiB)} of memory`;

const gibibytes = (mebibytes: number): string => `${(mebibytes / 1024).toFixed(1)} GiB`;
