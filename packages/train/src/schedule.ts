/** The learning rate's course over a run. */
import { multiStep } from '@dn-detr/core/optim';
import type { RunConfig } from './config/schema.ts';

/**
 * What the base learning rate is multiplied with.
 *
 * @param step updates done so far, 0 before the first
 * @param progress share of the run that is over, in 0..1
 */
export function learningRateFactor(
  { kind, warmUp, drops }: RunConfig['schedule'],
  step: number,
  progress: number,
): number {
  const rising = warmUp === 0 ? 1 : Math.min(1, (step + 1) / warmUp);
  return rising * (kind === 'cosine' ? (1 + Math.cos(Math.PI * progress)) / 2 : multiStep(progress, drops));
}
