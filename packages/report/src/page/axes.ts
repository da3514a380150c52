/** The axes of curves. */

import type { Metric, Progress } from '../analysis/series.ts';
import type { CurvePoint, Summary } from '../summary/summary.ts';
import type { PanelAxis } from './panel.ts';

export const metricAxes: Readonly<Record<Metric, PanelAxis>> = {
  // At least up to 0.05, so that the noise of a model that finds nothing does not fill the plot.
  AP: { label: 'AP', least: [0, 0.05] },
  AP50: { label: 'AP50', least: [0, 0.05] },
  AP75: { label: 'AP75', least: [0, 0.05] },
  loss: { label: 'training loss (log scale)', log: true },
  instability: { label: 'instability, IS / (2M)', least: [0, 0.05] },
  anchorDistance: { label: 'mean L1 distance' },
};

export interface ProgressAxis extends PanelAxis {
  /** Converts steps or seconds to the axis's unit. */
  readonly scale: (value: number) => number;
  /** A word for file names and descriptions. */
  readonly words: string;
}

/** The axis for steps or for training time, in a unit that gives numbers of a few digits. */
export function progressAxis(progress: Progress, { models }: Summary): ProgressAxis {
  const points = models.flatMap(({ runs }) => runs.flatMap(({ curve }) => curve));
  if (progress === 'step') {
    const steps = stepsAnEpoch(points);
    const above = steps !== undefined && { above: { label: 'epochs', unit: steps } };
    return { label: 'training steps', scale: (step) => step, words: 'steps', ...above };
  }
  const most = Math.max(0, ...points.map(({ seconds }) => seconds));
  const [unit, length] = most < 600 ? ['s', 1] : most < 7200 ? ['min', 60] : ['h', 3600];
  return { label: `training time (${unit})`, scale: (seconds) => seconds / length, words: 'time' };
}

/**
 * The number of steps per epoch; undefined if it differs between models, which may have different batch sizes. Epochs are
 * stored with three digits, so each point gives bounds for the number. A whole number within all bounds is preferred.
 */
export function stepsAnEpoch(points: readonly CurvePoint[]): number | undefined {
  const later = points.filter(({ epoch }) => epoch > epochRounding);
  const least = Math.max(...later.map(({ step, epoch }) => step / (epoch + epochRounding)));
  const most = Math.min(...later.map(({ step, epoch }) => step / (epoch - epochRounding)));
  if (later.length === 0 || least > most) return undefined;
  const middle = (least + most) / 2;
  const whole = Math.round(middle);
  return whole >= least && whole <= most ? whole : middle;
}

/** Half of the last stored digit, with some room for rounding of the quotients. */
const epochRounding = 0.0005 + 1e-9;
