/** Learning rate schedules: factors of the base rate, computed on the host. */

/**
 * The factor at a step: multiplied by `gamma` at every milestone reached (`torch.optim.lr_scheduler.MultiStepLR`).
 *
 * @param step updates done so far, 0 before the first
 * @param milestones steps from which on the rate is lower, in the unit of `step`
 */
export function multiStep(step: number, milestones: readonly number[], gamma = 0.1): number {
  return gamma ** milestones.filter((milestone) => step >= milestone).length;
}
