/** The measurements of `gpu-check` in one process: training steps of a configuration, and matrix products. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { matMul, randomNormal, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
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

/** Number of steps whose losses are compared; the next constant is the number that is timed after them. */
const compared = 3;
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

/** Speed of products of square float32 matrices in GFLOP/s, the best of several rounds. */
export function productGflops(side: number): number {
  const [a, b] = [1, 2].map((seed) => randomNormal([side, side], 0, 1, 'float32', seed) as Tensor2D) as [
    Tensor2D,
    Tensor2D,
  ];
  const calls = Math.max(1, Math.round(2e10 / side ** 3));
  const round = (): number =>
    timed(() => {
      const products: Tensor[] = Array.from({ length: calls }, () => matMul(a, b));
      // A GPU computes asynchronously: reading one number waits for it.
      const corner = (products.at(-1) as Tensor2D).slice([0, 0], [1, 1]);
      corner.dataSync();
      for (const tensor of [...products, corner]) tensor.dispose();
    });
  round();
  const best = Math.min(...Array.from({ length: 5 }, round));
  a.dispose();
  b.dispose();
  return (2 * side ** 3 * calls) / best / 1e6;
}
