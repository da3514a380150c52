/** The middle one of the sorted values, of an even number of them the upper one: steadier than a mean on a noisy machine. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
