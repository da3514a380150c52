/** What a run would take, from a few of its steps. */
import { median } from '../bench/median.ts';
import type { RunConfig } from '../config/schema.ts';
import { formatCost, type ModelCost, modelCost } from './cost.ts';
import { buildModel } from './model.ts';
import { duration } from './progress.ts';
import { loadersOf, openRunData } from './run-data.ts';
import { Trainer } from './trainer.ts';

export interface DryRun {
  readonly model: string;
  readonly cost: ModelCost;
  readonly images: { readonly train: number; readonly val: number };
  readonly stepsPerEpoch: number;
  /** of the whole run; as far as it can be told where its length is given in minutes */
  readonly steps: number;
  readonly secondsPerStep: number;
  /** of training, without evaluations */
  readonly expectedSeconds: number;
  /** largest resident memory so far, after the steps measured */
  readonly peakMiB: number;
  readonly stepsMeasured: number;
}

/** The first steps trace the graph, and grow the pools of memory. */
const warmUp = 3;
const measured = 8;

/** @throws DataError if the data cannot be used */
export async function dryRun(config: RunConfig): Promise<DryRun> {
  const data = await openRunData(config);
  const model = buildModel(config, data.dataset.categories.length);
  const batches = loadersOf(config).training(data.train);
  const { accumulate } = config.optimizer;
  const trainer = new Trainer(model, config);
  const times: number[] = [];
  let size = { height: 0, width: 0 };
  const incoming = batches.from(0);
  for (let step = 0; step < warmUp + measured; step++) {
    const started = performance.now();
    const micro = [];
    while (micro.length < accumulate) {
      const { value } = await incoming.next();
      if (value) micro.push(value);
    }
    trainer.step(micro, step, 1);
    times.push((performance.now() - started) / 1000);
    size = micro[0] as typeof size;
  }
  await incoming.return();
  trainer.dispose();
  const secondsPerStep = median(times.slice(warmUp));
  const stepsPerEpoch = batches.stepsPerEpoch / accumulate;
  const { unit, count } = config.length;
  const steps = { steps: count, epochs: count * stepsPerEpoch, minutes: (60 * count) / secondsPerStep }[unit];
  const { height, width } = size;
  return {
    model: config.model.name,
    cost: modelCost(model.detector, { height, width }),
    images: { train: data.train.length, val: data.val.length },
    stepsPerEpoch,
    steps: Math.ceil(steps),
    secondsPerStep,
    expectedSeconds: steps * secondsPerStep,
    peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    stepsMeasured: measured,
  };
}

export function formatDryRun(found: DryRun): string {
  const { model, cost, images, stepsPerEpoch, steps, secondsPerStep, expectedSeconds, peakMiB, stepsMeasured } = found;
  return [
    `${model}: ${formatCost(cost)} at inference`,
    `data: ${images.train} training and ${images.val} validation images, ${stepsPerEpoch.toFixed(1)} steps an epoch`,
    `a step takes ${(1000 * secondsPerStep).toFixed(0)} ms (median of ${stepsMeasured}), memory so far ${peakMiB} MiB`,
    `the run: ${steps} steps, about ${duration(expectedSeconds)} of training`,
  ].join('\n');
}
