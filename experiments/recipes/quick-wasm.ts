/**
 * Two plain shapes at 32 × 32 pixels: the recipe of `npm start` without native TensorFlow. It shows that everything works; to
 * learn anything about the models, install native TensorFlow (`npm run setup`).
 *
 * Source: the recipe `quick` with less of everything.
 * Command: `DN_DETR_BACKEND=wasm npm start`.
 * Time: 0.1 to 0.2 s per step of dn-detr on two busy CPU cores, so one to two minutes of training for each model.
 * Result: none to rely on.
 */
import type { Recipe } from './recipe.ts';

export default {
  name: 'quick-wasm',
  title: 'two plain shapes at 32 × 32, 1 + 2 layers of width 32, 600 steps',
  config: {
    model: {
      backbone: { kind: 'tiny', channels: [16, 32] },
      width: 32,
      heads: 2,
      feedForward: 64,
      encoderLayers: 1,
      decoderLayers: 2,
      queries: 10,
    },
    denoising: { groups: 3, slotBucket: 2 },
    data: {
      source: 'shapes',
      shapes: {
        train: 500,
        val: 100,
        size: 32,
        classes: ['disc', 'square'],
        objects: { least: 1, most: 2 },
        scale: { least: 10 / 32, most: 20 / 32 },
        plain: true,
      },
      canvas: { height: 32, width: 32 },
    },
    optimizer: { learningRate: 1e-3, backboneLearningRate: 1e-3, clipNorm: 0.1 },
    schedule: { warmUp: 100, drops: [] },
    batchSize: 8,
    length: { unit: 'steps', count: 600 },
    evaluation: { every: 100 },
    checkpoint: { every: 100 },
  },
} satisfies Recipe;
