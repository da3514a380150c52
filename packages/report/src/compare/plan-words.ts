/** Messages before a comparison begins. */
import { counted, type RunConfig } from '@dn-detr/train';
import { duration } from '../format.ts';
import { type Expected, expectedWords } from './expected.ts';

export interface Plan {
  /** `model` or `cell`. */
  readonly noun: string;
  /** Length of training of each model. */
  readonly lengths: readonly RunConfig['length'][];
  readonly seeds: number;
  /** Number of runs at a time. */
  readonly processes: number;
  readonly folder: string;
  /** Time and memory of the runs that are not done, if they were measured. */
  readonly expected?: Expected;
}

/** Describes the plan, as in `3 models × 3 seeds × 30 min ≈ 4 h 30 min, one at a time, in runs/quick`. */
export function planWords({ noun, lengths, seeds, processes, folder, expected }: Plan): string {
  const runs = lengths.length * seeds;
  const together = Math.min(processes, runs);
  const [first] = lengths as [RunConfig['length']];
  const same = lengths.every(({ unit, count }) => unit === first.unit && count === first.count);
  const parts = [counted(lengths.length, noun), counted(seeds, 'seed'), ...(same ? [lengthWords(first)] : [])];
  const time =
    same && first.unit === 'minutes' && !expected
      ? ` ≈ ${duration(60 * first.count * Math.ceil(runs / together))}`
      : '';
  const pace = runs === 1 ? '' : `, ${together === 1 ? 'one' : together} at a time`;
  const measured = expected ? `: ${expectedWords(expected)}` : '';
  return `${parts.join(' × ')}${time}${same ? '' : ' of different lengths'}${pace}, in ${folder}${measured}`;
}

const lengthWords = ({ unit, count }: RunConfig['length']): string =>
  unit === 'minutes' ? `${count} min` : counted(count, unit.slice(0, -1));

/**
 * A warning if other programs keep the machine busy; undefined if they do not.
 *
 * @param load - Mean number of processes that want to run, over the last minute.
 */
export function busyWords(load: number, cores: number): string | undefined {
  if (load <= cores) return undefined;
  return `the machine is busy with other work (load ${load.toFixed(1)} on ${counted(cores, 'core')}): times will not be comparable`;
}
