/**
 * Notes to the user before a run that cannot keep features although its settings ask for it, or that needs more memory
 * for them than they allow.
 */
import type { Backbone } from '@dn-detr/core';
import { type Size, smallestCanvas } from '@dn-detr/data';
import type { RunConfig } from '../config/schema.ts';
import { allImages, type RunData } from '../run-data.ts';
import { keepsFeatures, whyFeaturesChange } from './run-features.ts';

/**
 * The note about a run's features.
 *
 * @returns undefined where features are kept as the settings ask
 */
export function featuresNote(
  config: Pick<RunConfig, 'data' | 'overfit' | 'features'>,
  backbone: Pick<Backbone, 'parameters' | 'levels'>,
  data: Pick<RunData, 'dataset' | 'train' | 'val'>,
): string | undefined {
  const { memoryMiB, disk } = config.features;
  const why = whyFeaturesChange(config, backbone);
  if (disk && why !== undefined) {
    return `features.disk has no effect, all steps start from the images: features change, because ${why}`;
  }
  if (disk || !keepsFeatures(config, backbone)) return undefined;
  const needed = featuresMiB(config, backbone, data);
  if (needed <= memoryMiB) return undefined;
  const whole = Math.ceil(needed);
  return (
    `the features of all images take about ${whole} MiB, and features.memoryMiB is ${memoryMiB}: those that are not kept ` +
    `are recomputed in each epoch. Set features.memoryMiB=${whole}, or features.disk=true to keep them on disk`
  );
}

/** Size of the features of all images in MiB, where they are kept. */
export const featuresMiB = (
  config: Pick<RunConfig, 'data' | 'overfit'>,
  backbone: Pick<Backbone, 'levels'>,
  data: Pick<RunData, 'dataset' | 'train' | 'val'>,
): number => (timesSeen(config, data) * bytesOf(backbone, canvasOf(config, data))) / 2 ** 20;

/** Number of ways in which training images are seen: 2 if some are mirrored and some are not. */
export function waysSeen({ data, overfit }: Pick<RunConfig, 'data' | 'overfit'>): number {
  const { flip } = data.augmentation;
  return overfit === 0 && flip > 0 && flip < 1 ? 2 : 1;
}

/**
 * Number of images, counted once for each way in which training and evaluation see them. A run that overfits evaluates
 * the images that it trains on.
 */
const timesSeen = (config: Pick<RunConfig, 'data' | 'overfit'>, { train, val }: Pick<RunData, 'train' | 'val'>) =>
  waysSeen(config) * train.length + (val === train ? 0 : val.length);

/** Size of the features of one image in bytes. */
const bytesOf = ({ levels }: Pick<Backbone, 'levels'>, { height, width }: Size): number =>
  levels.reduce(
    (sum, { stride, channels }) => sum + 4 * channels * Math.ceil(height / stride) * Math.ceil(width / stride),
    0,
  );

function canvasOf({ data: { canvas } }: Pick<RunConfig, 'data'>, { dataset }: Pick<RunData, 'dataset'>): Size {
  if ('longSide' in canvas) return smallestCanvas(allImages(dataset), canvas.longSide);
  if ('multipleOf' in canvas) throw new Error('features are only kept for canvases of one size');
  return canvas;
}
