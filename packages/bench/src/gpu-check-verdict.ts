/** Judges whether steps on a GPU match those computed on the CPU. */
import { readFileSync } from 'node:fs';
import type { CheckedSteps } from './gpu-check.ts';
import type { StepConfigName } from './step-configs.ts';

/** DN-DETR at its smallest, the default comparison's two models, and DN-DETR with the paper's backbone. */
export const gpuCheckConfigs = [
  'micro',
  'photographs',
  'photographs-dn',
  'r50',
] as const satisfies readonly StepConfigName[];

/** The measurements and the verdict for one configuration. */
export interface GpuCheckRow {
  readonly config: StepConfigName;
  /** Steps as users run them. */
  readonly measured: CheckedSteps;
  /** Steps with deterministic ops. */
  readonly deterministic: CheckedSteps;
  /** Largest difference of a loss from the CPU's, relative to its value. */
  readonly lossError: number;
  /** Largest difference of the first step's gradient from the CPU's, relative to its largest entry. */
  readonly gradientError: number;
  /** Descriptions of what is wrong; empty if nothing is. */
  readonly problems: readonly string[];
}

/** Steps, and the file with their moments. */
interface Side {
  readonly steps: CheckedSteps;
  readonly moments: string;
}

/** Tolerances for float32, whose rounding causes differences of 1e-6 to 1e-4. */
const strict = { loss: 1e-3, gradient: 5e-3 };

/**
 * Tolerances for TF32, which has 10 bits of mantissa, and for DINO: before training, the tokens of its query selection
 * have nearly the same score, so that rounding decides between some of them, and a query may come from another token.
 */
const loose = { loss: 2e-2, gradient: 1e-1 };

/**
 * Judges a configuration.
 *
 * @param reference steps composed of TensorFlow's own ops on the CPU
 * @param precision the precision of matrix products
 */
export function judged(
  config: StepConfigName,
  { measured, deterministic, reference }: { measured: Side; deterministic: CheckedSteps; reference: Side },
  precision: 'float32' | 'tf32',
): GpuCheckRow {
  // Math.max keeps a NaN.
  const lossError = Math.max(...measured.steps.losses.map((loss, i) => relative(loss, reference.steps.losses[i])));
  const gradientError = largestError(floatsOf(measured.moments), floatsOf(reference.moments));
  const allowed = precision === 'tf32' || config === 'photographs' ? loose : strict;
  const problems = [
    ...(lossError <= allowed.loss ? [] : [`losses differ from the CPU's by ${lossError.toExponential(1)}`]),
    ...(gradientError <= allowed.gradient
      ? []
      : [`gradients differ from the CPU's by ${gradientError.toExponential(1)}`]),
    ...(deterministic.sameBits ? [] : ['deterministic ops gave different bits the second time']),
  ];
  return { config, measured: measured.steps, deterministic, lossError, gradientError, problems };
}

const relative = (value: number, expected = Number.NaN): number => Math.abs(value - expected) / Math.abs(expected);

function floatsOf(file: string): Float32Array {
  const { buffer, byteOffset, byteLength } = readFileSync(file);
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

/**
 * The largest difference relative to the largest entry; NaN where the files have different lengths or contain a NaN.
 */
function largestError(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.NaN;
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [value, reference] = [found[i] as number, expected[i] as number];
    difference = Math.max(difference, Math.abs(value - reference));
    largest = Math.max(largest, Math.abs(reference));
  }
  return difference / largest;
}
