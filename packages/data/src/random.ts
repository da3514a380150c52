/** Where the package's chance comes from: streams named by what they are for. */
import seedrandom from 'seedrandom';

/** Numbers uniform in [0, 1). */
export type Random = () => number;

/**
 * A stream that depends only on its keys: the run's seed, a purpose, then epoch and index where there are any. The
 * same keys give the same numbers everywhere, other keys independent ones.
 */
export function randomStream(...keys: readonly (string | number)[]): Random {
  const next = seedrandom.alea(keys.join('/'));
  // The first draws of seeds that differ in a digit depend on each other.
  for (let i = 0; i < 32; i++) next();
  return next;
}
