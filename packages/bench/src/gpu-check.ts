/** The training steps of `gpu-check`, measured in one process. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Tensor1D } from '@tensorflow/tfjs-core';
import { median } from 'd3-array';
import { timed } from './step.ts';
import type { StepConfig } from './step-configs.ts';
import { drawTargets } from './step-inputs.ts';
import { type StepRunner, stepRunner } from './step-runner.ts';

/** Steps that start from the same weights and inputs on every machine. */
export interface CheckedSteps {
  /** The loss of each step. */
  readonly losses: readonly number[];
  /** Median milliseconds of a step once it is captured. */
  readonly ms: number;
  /** Seconds of the first two steps, which trace the step and turn it into a graph. */
  readonly captureSeconds: number;
  /** Whether the same steps, captured anew, gave the same bits in losses and weights. */
  readonly sameBits: boolean;
  /** Peak host memory of the process, in MiB. */
  readonly peakRssMiB: number;
}

/** Number of steps whose losses are compared. */
const compared = 3;

/** Number of steps that are timed after those. */
const timedSteps = 8;

/**
 * Runs and times the steps.
 *
 * @param momentsFile receives AdamW's first moments after the first step, which are a tenth of the clipped gradient, as
 *   float32
 */
export function checkSteps(config: StepConfig, momentsFile: string): CheckedSteps {
  const first = stepRunner(config);
  let captureMs = 0;
  const losses: number[] = [];
  for (let i = 0; i < compared; i++) {
    const ms = timed(() => losses.push(first.step(drawTargets(config, i))));
    if (i < 2) captureMs += ms;
    if (i === 0) writeFileSync(momentsFile, Buffer.concat(bytesOf(first.state().m)));
  }
  const weights = hashOf(first);
  const ms = Array.from({ length: timedSteps }, () => timed(() => first.step(drawTargets(config, compared))));
  const peakRssMiB = process.resourceUsage().maxRSS / 1024;
  first.dispose();

  const second = stepRunner(config);
  const again = losses.map((_, i) => second.step(drawTargets(config, i)));
  const sameBits = hashOf(second) === weights && again.every((loss, i) => loss === losses[i]);
  second.dispose();
  return { losses, ms: median(ms) as number, captureSeconds: captureMs / 1000, sameBits, peakRssMiB };
}

const bytesOf = (flats: readonly Tensor1D[]): Buffer[] => flats.map((flat) => Buffer.from(flat.dataSync().buffer));

function hashOf(run: StepRunner): string {
  const hash = createHash('sha256');
  for (const bytes of bytesOf(run.state().params)) hash.update(bytes);
  return hash.digest('hex');
}
