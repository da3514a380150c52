/** The package's source of randomness: streams named by their purpose. */
import seedrandom from 'seedrandom';

/** A generator of numbers uniform in [0, 1). */
export type Random = () => number;

/**
 * A stream that depends only on its keys: the run's seed, a purpose, then epoch and index where there are any. The same
 * keys give the same numbers everywhere, and other keys give independent ones.
 */
export function randomStream(...keys: readonly (string | number)[]): Random {
  const next = seedrandom.alea(keys.join('/'));
  // The first draws of seeds that differ in one digit are correlated.
  for (let i = 0; i < 32; i++) next();
  return next;
}
