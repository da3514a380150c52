/** Learning rate schedules: factors of the base rate, computed on the host. */

/**
 * The factor at a step: it is multiplied by `gamma` at every milestone reached
 * (`torch.optim.lr_scheduler.MultiStepLR`).
 *
 * @param step number of updates so far, 0 before the first
 * @param milestones steps at which the rate is lowered, in the unit of `step`
 */
export function multiStep(step: number, milestones: readonly number[], gamma = 0.1): number {
  return gamma ** milestones.filter((milestone) => step >= milestone).length;
}
