/** Measurements of `gpu-check` in one process: training steps of a configuration, and products of matrices. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { matMul, randomNormal, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { median } from 'd3-array';
import { timed } from './step.ts';
import type { StepConfig } from './step-configs.ts';
import { drawTargets } from './step-inputs.ts';
import { type StepRunner, stepRunner } from './step-runner.ts';

/** Steps that start from the same weights and inputs wherever they run. */
export interface CheckedSteps {
  /** The loss of each step. */
  readonly losses: readonly number[];
  /** Milliseconds of a step once it is captured: median. */
  readonly ms: number;
  /** Seconds of the first two steps, which trace it and make it a graph. */
  readonly captureSeconds: number;
  /** Whether the same steps, captured anew, gave the same bits: losses and weights. */
  readonly sameBits: boolean;
  /** The process's peak of memory on the host. */
  readonly peakRssMiB: number;
}

/** Steps whose losses are compared, and those that are timed after them. */
const compared = 3;
const timedSteps = 8;

/**
 * @param momentsFile is written: AdamW's first moments after the first step, which are a tenth of the clipped gradient, as
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

/** 10⁹ operations a second in products of square matrices of float32, the best of several rounds. */
export function productGflops(side: number): number {
  const [a, b] = [1, 2].map((seed) => randomNormal([side, side], 0, 1, 'float32', seed) as Tensor2D) as [
    Tensor2D,
    Tensor2D,
  ];
  const calls = Math.max(1, Math.round(2e10 / side ** 3));
  const round = (): number =>
    timed(() => {
      const products: Tensor[] = Array.from({ length: calls }, () => matMul(a, b));
      // A GPU computes behind the calls: reading one number waits for it.
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
