/** Times complete training steps of models with known queries, with new targets and known queries for each step. */
import type { Objects } from '@dn-detr/boxes';
import { median } from 'd3-array';
import type { StepConfig } from './step-configs.ts';
import { drawTargets } from './step-inputs.ts';
import { stepRunner } from './step-runner.ts';

/** Milliseconds of the parts of a step; their sum exceeds a complete step, which runs in fewer pieces. */
export interface StepPhases {
  forward: number;
  matching: number;
  loss: number;
  backward: number;
  optimiser: number;
}

/** Median and minimum milliseconds of a step from images, or features, on the host to a loss on the host. */
export interface StepTimes {
  ms: number;
  msMin: number;
}

export interface StepBench extends StepTimes {
  /** Medians from separate steps that wait after each phase; left out unless requested. */
  phases?: StepPhases;
  imagesPerSecond: number;
  /** Peak memory of the process in MiB, so only the first configuration of a process has a separate peak. */
  peakRssMiB: number;
  /** Number of shapes for which the step was traced. */
  captures: number;
}

export const warmUp = 4;

/**
 * Runs the benchmark.
 *
 * @param steps number of complete steps that are timed; half as many are timed by phase
 * @param phases whether phases are timed too
 */
export function benchStep(config: StepConfig, steps: number, { phases }: { readonly phases: boolean }): StepBench {
  const run = stepRunner(config);
  const times = timesOf(batchesOf(config, steps).map((objects) => timed(() => run.step(objects))));
  const captures = run.captures();
  // Measured before the phases, whose second capture would count too.
  const peakRssMiB = process.resourceUsage().maxRSS / 1024;
  run.dispose();
  return {
    ...times,
    ...(phases && { phases: benchPhases(config, Math.ceil(steps / 2)) }),
    imagesPerSecond: (1000 * config.batch) / times.ms,
    peakRssMiB,
    captures,
  };
}

/** The objects of each image in each step: the steps that warm up, and `steps` more. */
export const batchesOf = (config: StepConfig, steps: number): Objects[][] =>
  Array.from({ length: warmUp + steps }, (_, i) => drawTargets(config, 1 + i));

export function timed(run: () => void): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

/** @param ms milliseconds of all steps, including those that warm up */
export function timesOf(ms: readonly number[]): StepTimes {
  const measured = ms.slice(warmUp);
  return { ms: median(measured) as number, msMin: Math.min(...measured) };
}

function benchPhases(config: StepConfig, steps: number): StepPhases {
  const times: Record<keyof StepPhases, number[]> = {
    forward: [],
    matching: [],
    loss: [],
    backward: [],
    optimiser: [],
  };
  let last = 0;
  const mark = (phase: keyof StepPhases): void => {
    const now = performance.now();
    times[phase].push(now - last);
    last = now;
  };
  const run = stepRunner(config, mark);
  for (const [i, objects] of batchesOf(config, steps).entries()) {
    if (i === warmUp) for (const list of Object.values(times)) list.length = 0;
    last = performance.now();
    run.step(objects);
    mark('optimiser');
  }
  run.dispose();
  return Object.fromEntries(
    Object.entries(times).map(([phase, list]) => [phase, median(list)]),
  ) as unknown as StepPhases;
}
