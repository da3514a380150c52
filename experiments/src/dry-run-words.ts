/** The result of a dry run as text. */
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
      : `, and ${(1000 * secondsPerFeatures).toFixed(0)} ms more for each image and flip seen for the first time, plus ${(1000 * secondsPerRead).toFixed(0)} ms to read it`;
  return [
    `${model}: ${formatCost(cost)} at inference`,
    ...(pretrained ? [`weights: ${pretrained.name} (${pretrained.licence}; ${pretrained.origin})`] : []),
    `data: ${images.train} training and ${images.val} validation images, ${stepsPerEpoch.toFixed(1)} steps per epoch`,
    `a step takes ${(1000 * secondsPerStep).toFixed(0)} ms (median of ${stepsMeasured})${features}`,
    `memory: at most ${peakMiB} MiB for the process in these steps, which include the fullest images, and ${keptMiB} MiB kept during the run`,
    `the run: ${steps} steps, about ${duration(expectedSeconds)} of training and ${duration(evaluationSeconds)} of evaluation`,
  ].join('\n');
}
