/** Times whole training steps of models that take known queries, with targets and known queries drawn anew each time. */
import { median } from 'd3-array';
import type { StepConfig } from './step-configs.ts';
import { drawTargets, stepRunner } from './step-runner.ts';
import { type OriginalsOptions, TorchStep } from './step-torch.ts';

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
  /** Times of the original with the same inputs and targets, in turns with ours; null where it was not asked for. */
  pytorch: ({ version: string } & StepTimes) | null;
  /** our median divided by the original's */
  ratio: number | null;
  /** medians, measured apart, in steps that wait after each phase */
  phases: StepPhases;
  imagesPerSecond: number;
  /** of the process, so that only the first configuration of a process has a peak of its own */
  peakRssMiB: number;
  /** shapes for which the step was traced */
  captures: number;
}

export const warmUp = 4;

/** Few, because a machine's other load comes and goes. */
const stepsPerTurn = 4;

/**
 * @param steps that are timed whole, on each side; half as many are timed by phase
 * @param originals left out, or of no use to the configuration, no original is timed
 */
export async function benchStep(config: StepConfig, steps: number, originals?: OriginalsOptions): Promise<StepBench> {
  const run = stepRunner(config);
  const { original } = config;
  const torch = original && originals && (await TorchStep.start({ ...config, original }, run.inputs, originals));
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let from = 0; from < warmUp + steps; from += stepsPerTurn) {
    const count = Math.min(stepsPerTurn, warmUp + steps - from);
    const batches = Array.from({ length: count }, (_, i) => drawTargets(config, 1 + from + i));
    ours.push(...batches.map((objects) => timed(() => run.step(objects))));
    if (torch) theirs.push(...(await torch.time(batches)));
  }
  torch?.close();
  const captures = run.captures();
  // Before the phases, whose second capture would count in it.
  const peakRssMiB = process.resourceUsage().maxRSS / 1024;
  run.dispose();
  const times = timesOf(ours);
  const pytorch = torch ? { version: torch.version, ...timesOf(theirs) } : null;
  return {
    ...times,
    pytorch,
    ratio: pytorch && times.ms / pytorch.ms,
    phases: benchPhases(config, Math.ceil(steps / 2)),
    imagesPerSecond: (1000 * config.batch) / times.ms,
    peakRssMiB,
    captures,
  };
}

export function timed(run: () => void): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

function timesOf(ms: readonly number[]): StepTimes {
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
  for (let i = 0; i < warmUp + steps; i++) {
    if (i === warmUp) for (const list of Object.values(times)) list.length = 0;
    const objects = drawTargets(config, 1 + i);
    last = performance.now();
    run.step(objects);
    mark('optimiser');
  }
  run.dispose();
  return Object.fromEntries(
    Object.entries(times).map(([phase, list]) => [phase, median(list)]),
  ) as unknown as StepPhases;
}
