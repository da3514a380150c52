/** Pairs the runs of two models by their seed. */
import { StatisticsError } from './error.ts';

/** The figure of one run. */
export interface SeedValue {
  readonly seed: number;
  readonly value: number;
}

/** How to handle a seed that only one model has: as an `error`, or `leave-out` and name it. */
export type UnpairedSeeds = 'error' | 'leave-out';

/** The runs of two models, paired by seed. */
export interface SeedPairs<Run> {
  /** Pairs by ascending seed, so that the order in which runs are given does not change a single bit. */
  readonly pairs: readonly { readonly seed: number; readonly a: Run; readonly b: Run }[];
  /** Seeds that only one model has, ascending. */
  readonly unpaired: readonly number[];
}

/** @throws StatisticsError if a model has a seed twice, no seed is common, or one is unpaired and that is an error */
export function pairBySeed<Run extends { readonly seed: number }>(
  a: readonly Run[],
  b: readonly Run[],
  treatment: UnpairedSeeds,
): SeedPairs<Run> {
  const ofA = bySeed(a, 'first');
  const ofB = bySeed(b, 'second');
  const seeds = [...new Set([...ofA.keys(), ...ofB.keys()])].sort((s, t) => s - t);
  const pairs = seeds.flatMap((seed) => {
    const [runOfA, runOfB] = [ofA.get(seed), ofB.get(seed)];
    return runOfA === undefined || runOfB === undefined ? [] : [{ seed, a: runOfA, b: runOfB }];
  });
  const unpaired = seeds.filter((seed) => !ofA.has(seed) || !ofB.has(seed));
  if (unpaired.length > 0 && treatment === 'error') {
    const missing = unpaired.map((seed) => `${seed} (missing in the ${ofA.has(seed) ? 'second' : 'first'} model)`);
    const hint = "run what is missing, or let unpaired: 'leave-out' compare the common seeds";
    throw new StatisticsError(`both models need the same seeds; unpaired: ${missing.join(', ')}; ${hint}`);
  }
  if (pairs.length === 0) throw new StatisticsError('the two models have no seed in common: nothing to compare');
  return { pairs, unpaired };
}

export function leftOutNote(seeds: readonly number[]): string {
  return `left out, as only one model has them: seeds ${seeds.join(', ')}`;
}

function bySeed<Run extends { readonly seed: number }>(runs: readonly Run[], model: string): Map<number, Run> {
  const found = new Map<number, Run>();
  for (const run of runs) {
    if (found.has(run.seed)) {
      throw new StatisticsError(`the ${model} model has seed ${run.seed} twice: expected one run for each seed`);
    }
    found.set(run.seed, run);
  }
  return found;
}
