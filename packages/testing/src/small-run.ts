/** A run that takes seconds, for tests. */
import { type BackendChoice, useBackend } from '@dn-detr/runtime';
import type { DottedValues, RunConfig } from '@dn-detr/train';
import { resolveSettings, runSettings, withChanges } from '@dn-detr/train';

/** Settings for any model: `model.name` changes it. */
export const smallSettings = runSettings(
  {
    model: {
      name: 'dn-detr',
      backbone: { kind: 'tiny', channels: [8, 16] },
      width: 16,
      heads: 2,
      feedForward: 32,
      encoderLayers: 1,
      decoderLayers: 2,
      queries: 8,
    },
    denoising: { groups: 2, slotBucket: 4 },
    data: {
      shapes: {
        train: 10,
        val: 4,
        size: 32,
        classes: ['disc', 'square'],
        objects: { least: 1, most: 3 },
        scale: { least: 0.25 },
        plain: true,
      },
      canvas: { height: 32, width: 32 },
    },
    optimizer: { learningRate: 1e-3, backboneLearningRate: 1e-3 },
    schedule: { warmUp: 3 },
    batchSize: 4,
    length: { unit: 'steps', count: 12 },
    evaluation: { every: 4 },
    checkpoint: { every: 3 },
    threadsPerOp: 1,
  },
  'small run',
);

export const smallConfig = (values: DottedValues = {}): RunConfig =>
  resolveSettings(withChanges(smallSettings, values)).config;

export const smallBackend = (): Promise<BackendChoice> => useBackend(undefined, { threadsPerOp: 1 });
