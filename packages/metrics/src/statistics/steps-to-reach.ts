/** Finds when a run's curve reaches a value. */
import { checkFinite, checkMetric, StatisticsError } from './error.ts';

/** A metric during training, by ascending step. `step` may count any measure of training: steps, epochs or seconds. */
export type Curve = readonly { readonly step: number; readonly value: number }[];

/** When a curve counts as having reached a target. */
export interface ReachOptions {
  /**
   * Whether to find the step from which on the curve stays at or above the target, instead of the first that reaches
   * it.
   * @defaultValue false
   */
  readonly stays?: boolean;
}

/**
 * The first step at which a curve reaches the target, linear between evaluations; undefined if it never does. A curve
 * that starts at or above the target gives its first step, though it may have reached the target sooner.
 *
 * @throws StatisticsError if the curve is empty, its steps do not rise, a number is not finite, or a value is −1 (an
 *   undefined AP)
 */
export function stepsToReach(curve: Curve, target: number, { stays = false }: ReachOptions = {}): number | undefined {
  checkCurve(curve, 'the curve');
  checkFinite(target, 'target');
  const reached = stays
    ? curve.findLastIndex(({ value }) => value < target) + 1
    : curve.findIndex(({ value }) => value >= target);
  const after = curve[reached];
  if (after === undefined) return undefined;
  const before = curve[reached - 1];
  if (before === undefined) return after.step;
  return before.step + ((target - before.value) / (after.value - before.value)) * (after.step - before.step);
}

/** @throws StatisticsError as for `stepsToReach` */
export function checkCurve(curve: Curve, where: string): void {
  if (curve.length === 0) throw new StatisticsError(`${where} is empty: expected at least one evaluation`);
  let last = Number.NEGATIVE_INFINITY;
  for (const { step, value } of curve) {
    checkFinite(step, `a step of ${where}`);
    if (step < 0 || step <= last) {
      const order = last < 0 ? 'expected steps from 0 on' : `it follows ${last}: expected steps that rise`;
      throw new StatisticsError(`${where} has an evaluation at step ${step}; ${order}`);
    }
    checkMetric(value, `step ${step} of ${where}`);
    last = step;
  }
}
