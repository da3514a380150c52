/** Decides whether a run computes the features of its images once, and where it keeps them. */
import { createHash } from 'node:crypto';
import os from 'node:os';
import type { Backbone, NamedTensors } from '@dn-detr/core';
import { decoderVersions } from '@dn-detr/data';
import type { BackendChoice } from '@dn-detr/runtime';
import type { RunConfig } from '../config/schema.ts';
import { dataHash, type RunData } from '../run-data.ts';
import { FeatureFiles } from './feature-files.ts';
import { FeatureStore } from './feature-store.ts';

/** Whether the settings allow features to be kept; otherwise every step starts from the images. */
export const asksForFeatures = ({ features: { memoryMiB, disk } }: Pick<RunConfig, 'features'>): boolean =>
  memoryMiB > 0 || disk;

/**
 * The reason why an image's features depend on more than whether it is mirrored; undefined where no weight of the
 * backbone changes and images are otherwise seen the same way in all epochs.
 */
export function whyFeaturesChange(
  { data, overfit }: Pick<RunConfig, 'data' | 'overfit'>,
  { parameters }: Pick<Backbone, 'parameters'>,
): string | undefined {
  const { canvas, scales, augmentation } = data;
  const { crop, jitter } = augmentation;
  if (parameters.some(({ group }) => group !== 'frozen')) return 'a part of the backbone is trained';
  // Padding, and so the features, depend on the batch.
  if ('multipleOf' in canvas) return 'canvases are as large as each batch needs (data.canvas)';
  if (scales.length > 1) return 'images are seen at several scales (data.scales)';
  if (overfit > 0) return undefined;
  if (crop !== null) return 'images are cropped (data.augmentation.crop)';
  if (Object.values(jitter).some((most) => most > 0)) return 'images are recoloured (data.augmentation.jitter)';
  return undefined;
}

/** Whether a run computes the features of its images once, so that its steps start from them. */
export const keepsFeatures = (
  config: Pick<RunConfig, 'data' | 'overfit' | 'features'>,
  backbone: Pick<Backbone, 'parameters'>,
): boolean => asksForFeatures(config) && whyFeaturesChange(config, backbone) === undefined;

export interface RunFeaturesOptions {
  readonly backbone: Backbone;
  /** The backbone's weights; the store takes ownership of them. */
  readonly weights: NamedTensors;
  readonly data: Pick<RunData, 'dataset'>;
  readonly backend: BackendChoice;
  /** Called if features cannot be kept on disk. */
  readonly say: (notice: string) => void;
}

/** Creates the feature store of a run. */
export function featureStore(config: RunConfig, options: RunFeaturesOptions): FeatureStore {
  const { backbone, weights, say } = options;
  const { memoryMiB, disk } = config.features;
  const files = disk ? new FeatureFiles(originOf(config, options), say) : undefined;
  return new FeatureStore({ backbone, weights, memoryBytes: memoryMiB * 2 ** 20, files });
}

/** Raise it when the same weights and images give other features than before. */
const version = 1;

/** Everything that features depend on, to the last bit, other than the image and how it is seen. */
function originOf(
  { model, data: { source, bands, shapes }, threadsPerOp, gpu }: RunConfig,
  { backbone, weights, data, backend }: RunFeaturesOptions,
): unknown {
  const hash = createHash('sha256');
  for (const name of Object.keys(weights).sort()) {
    const values = weights[name]?.dataSync<'float32'>() as Float32Array;
    hash.update(`${name} `).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return {
    version,
    weights: hash.digest('hex'),
    backbone: [model.backbone, backbone.levels, backbone.normalization],
    data: [dataHash(data), bands, source === 'shapes' && shapes, decoderVersions],
    backend: [backend.name, backend.tensorflow?.version, backend.tensorflow?.gpu && gpu],
    threads: [threadsPerOp, process.env.TF_NUM_INTRAOP_THREADS, os.availableParallelism(), os.cpus()[0]?.model],
  };
}
