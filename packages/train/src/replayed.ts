/** Captured steps whose results do not depend on when they were traced. */
import type { Captured } from '@dn-detr/runtime';
import { free } from './free.ts';

/**
 * Calls a captured step, and again if the first call traced it, so that the result is always that of a replay: the last
 * bits of op-by-op execution may differ, and a resumed run traces at another step than an uninterrupted one.
 */
export function replayed<I, O>(step: Captured<I, O>, input: I): O {
  const { captures } = step.stats;
  const output = step(input);
  if (step.stats.captures === captures || step.stats.fallback !== undefined) return output;
  free(output);
  return step(input);
}
