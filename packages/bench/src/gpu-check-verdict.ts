/** Whether steps on a GPU are those that the CPU computes. */
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

/** A configuration, measured and judged. */
export interface GpuCheckRow {
  readonly config: StepConfigName;
  /** As users run it. */
  readonly measured: CheckedSteps;
  /** With deterministic ops. */
  readonly deterministic: CheckedSteps;
  /** Of the loss, the largest difference from the CPU's over its value. */
  readonly lossError: number;
  /** Of the first step's gradient, the largest difference from the CPU's over its largest entry. */
  readonly gradientError: number;
  /** Problems found; empty where all is well. */
  readonly problems: readonly string[];
}

/** Steps, and the file of their moments. */
interface Side {
  readonly steps: CheckedSteps;
  readonly moments: string;
}

/** Rounding of float32 makes differences of 1e-6 to 1e-4. */
const strict = { loss: 1e-3, gradient: 5e-3 };

/**
 * TF32 has 10 bits of mantissa. And before training the tokens of DINO's query selection have nearly the same score, so that
 * rounding decides between some, and a query is another one.
 */
const loose = { loss: 2e-2, gradient: 1e-1 };

/**
 * @param reference composed of TensorFlow's own ops on the CPU
 * @param precision what products were computed in
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
    ...(deterministic.sameBits ? [] : ['deterministic ops gave other bits the second time']),
  ];
  return { config, measured: measured.steps, deterministic, lossError, gradientError, problems };
}

const relative = (value: number, expected = Number.NaN): number => Math.abs(value - expected) / Math.abs(expected);

function floatsOf(file: string): Float32Array {
  const { buffer, byteOffset, byteLength } = readFileSync(file);
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** NaN where the files have different lengths, or hold one. */
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
