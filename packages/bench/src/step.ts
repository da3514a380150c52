/** Times whole training steps of models that take known queries, with targets and known queries drawn anew each time. */
import type { Objects } from '@dn-detr/boxes';
import { median } from 'd3-array';
import type { StepConfig } from './step-configs.ts';
import { drawTargets } from './step-inputs.ts';
import { stepRunner } from './step-runner.ts';

/** Milliseconds of the parts of a step; their sum is more than a whole step, which runs in fewer pieces. */
export interface StepPhases {
  forward: number;
  matching: number;
  loss: number;
  backward: number;
  optimiser: number;
}

/** Milliseconds, median and least, of a step from images, or features, on the host to a loss on the host. */
export interface StepTimes {
  ms: number;
  msMin: number;
}

export interface StepBench extends StepTimes {
  /** Medians, measured separately in steps that wait after each phase; absent where they were not asked for. */
  phases?: StepPhases;
  imagesPerSecond: number;
  /** Peak memory of the process, so that only the first configuration of a process has its own peak. */
  peakRssMiB: number;
  /** Shapes for which the step was traced. */
  captures: number;
}

export const warmUp = 4;

/**
 * @param steps that are timed whole; half as many are timed by phase
 * @param phases whether these are timed too
 */
export function benchStep(config: StepConfig, steps: number, { phases }: { readonly phases: boolean }): StepBench {
  const run = stepRunner(config);
  const times = timesOf(batchesOf(config, steps).map((objects) => timed(() => run.step(objects))));
  const captures = run.captures();
  // Before the phases, whose second capture would count in it.
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

/** The objects of each image, of each step: those that warm up, and so many more. */
export const batchesOf = (config: StepConfig, steps: number): Objects[][] =>
  Array.from({ length: warmUp + steps }, (_, i) => drawTargets(config, 1 + i));

export function timed(run: () => void): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

/** @param ms of all steps, those that warm up among them */
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
