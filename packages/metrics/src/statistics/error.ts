/**
 * Thrown for values, curves or settings that do not allow a statistic: the message says what is wrong, where, and what
 * was expected.
 */
export class StatisticsError extends Error {
  override name = 'StatisticsError';
}

/**
 * Checks a metric's value.
 *
 * @param where place of the value in messages, such as `seed 3 of the first model`
 * @throws StatisticsError if it is not a finite number, or is −1, pycocotools' mark of an undefined AP
 */
export function checkMetric(value: number, where: string): void {
  if (value === -1) {
    throw new StatisticsError(
      `${where} is -1, which marks an undefined AP (there were no such objects to find): leave out this figure or choose another; -1 is not a value to average`,
    );
  }
  checkFinite(value, where);
}

/** @throws StatisticsError if the value is not a finite number */
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
