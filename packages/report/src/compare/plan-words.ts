/** Words of a comparison before it begins. */
import { counted, type RunConfig } from '@dn-detr/train';
import { duration } from '../format.ts';
import { type Expected, expectedWords } from './expected.ts';

export interface Plan {
  /** `model` or `cell` */
  readonly noun: string;
  /** Length of each run. */
  readonly lengths: readonly RunConfig['length'][];
  readonly seeds: number;
  /** Runs at a time. */
  readonly processes: number;
  readonly folder: string;
  /** Time and memory of the runs that are not done, where they were measured. */
  readonly expected?: Expected;
}

/** `3 models × 3 seeds × 30 min ≈ 4 h 30 min, one at a time, in runs/quick` */
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
 * Warning where other programs keep the machine busy.
 *
 * @param load processes that want to run, as a mean over the last minute
 */
export function busyWords(load: number, cores: number): string | undefined {
  if (load <= cores) return undefined;
  return `the machine is busy with other work (load ${load.toFixed(1)} on ${counted(cores, 'core')}): times will not be comparable`;
}
