/** Findings of a dry run, for people. */
import { type DryRun, formatCost } from '@dn-detr/train';
import { duration } from './progress-display.ts';

export function formatDryRun(found: DryRun): string {
  const {
    model,
    pretrained,
    cost,
    images,
    stepsPerEpoch,
    steps,
    expectedSeconds,
    evaluationSeconds,
    peakMiB,
    keptMiB,
  } = found;
  const { secondsPerStep, secondsPerFeatures, secondsPerRead = 0, stepsMeasured } = found;
  const features =
    secondsPerFeatures === undefined
      ? ''
      : `, and ${(1000 * secondsPerFeatures).toFixed(0)} ms more for each image and flip that is seen for the first time, which waits ${(1000 * secondsPerRead).toFixed(0)} ms to be read`;
  return [
    `${model}: ${formatCost(cost)} at inference`,
    ...(pretrained ? [`weights: ${pretrained.name} (${pretrained.licence}; ${pretrained.origin})`] : []),
    `data: ${images.train} training and ${images.val} validation images, ${stepsPerEpoch.toFixed(1)} steps an epoch`,
    `a step takes ${(1000 * secondsPerStep).toFixed(0)} ms (median of ${stepsMeasured})${features}`,
    `memory: at most ${peakMiB} MiB for the process in these steps, the fullest images among them, and ${keptMiB} MiB that are kept in the run`,
    `the run: ${steps} steps, about ${duration(expectedSeconds)} of training and ${duration(evaluationSeconds)} of evaluation`,
  ].join('\n');
}
