/** Values, curves or settings that no statistic can be made of: what was wrong, where, and what was expected. */
export class StatisticsError extends Error {
  override name = 'StatisticsError';
}

/**
 * Lets a metric's value pass.
 *
 * @param where such as `seed 3 of the first model`
 * @throws StatisticsError if it is no finite number, or −1, pycocotools' mark of an undefined AP
 */
export function checkMetric(value: number, where: string): void {
  if (value === -1) {
    throw new StatisticsError(
      `${where} is -1, which stands for an undefined AP (there were no such objects to find): leave this figure out, or choose another; -1 is no value to average`,
    );
  }
  checkFinite(value, where);
}

/** @throws StatisticsError if the value is no finite number */
export function checkFinite(value: number, where: string): void {
  if (Number.isFinite(value)) return;
  const hint = typeof value === 'number' ? '; has the run diverged or not been evaluated?' : '';
  throw new StatisticsError(`${where} is ${value}: expected a finite number${hint}`);
}

/** @throws StatisticsError if a probability, such as a level of confidence, is not between 0 and 1 */
export function checkProbability(value: number, name: string): void {
  if (value > 0 && value < 1) return;
  throw new StatisticsError(`${name} is ${value}: expected a number between 0 and 1, such as 0.95 for 95 %`);
}
