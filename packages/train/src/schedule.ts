/** The learning rate schedule of a run. */
import { multiStep } from '@dn-detr/core/optim';
import type { RunConfig } from './config/schema.ts';

/**
 * The factor by which learning rates are multiplied.
 *
 * @param step number of updates done so far, 0 before the first
 * @param progress completed fraction of the run, in 0..1
 */
export function learningRateFactor(
  { kind, warmUp, drops }: RunConfig['schedule'],
  step: number,
  progress: number,
): number {
  const rising = warmUp === 0 ? 1 : Math.min(1, (step + 1) / warmUp);
  return rising * (kind === 'cosine' ? (1 + Math.cos(Math.PI * progress)) / 2 : multiStep(progress, drops));
}
