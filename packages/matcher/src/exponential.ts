/** e^(-n / 16) down to e^-32, which is negligible compared with 1 in float32. */
const powers = Float64Array.from({ length: 513 }, (_, n) => Math.exp(-n / 16));

const sixth = 1 / 6;

/**
 * e^x for x <= 0, several times faster than `Math.exp`: a table, with a cubic polynomial for the remainder between its
 * entries. The relative error is below 1e-7; the result is 0 below -32, and NaN for NaN.
 */
export function exponentialOfNegative(x: number): number {
  if (x < -32) return 0;
  const n = (0.5 - 16 * x) | 0;
  const rest = x + 0.0625 * n;
  return (powers[n] as number) * (1 + rest * (1 + rest * (0.5 + rest * sixth)));
}
