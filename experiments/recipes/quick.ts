/**
 * Three plain shapes at 64 × 64 pixels, from scratch: runs take minutes, and models first sit on a plateau. With denoising they
 * leave it; without denoising it depends on the initial weights, so compare over several seeds.
 *
 * Source: the DN-DETR recipe (Li et al., CVPR 2022, section 5.1), shrunk until a run takes minutes on two CPU cores.
 * Command: `npm start -- compare --recipe quick` (one seed); more with `--seeds 3`.
 * Time and result: docs/recipes.md.
 */
import type { Recipe } from './recipe.ts';

export default {
  name: 'quick',
  title: 'three plain shapes at 64 × 64, 2 + 2 layers of width 64, 2400 steps',
  config: {
    model: {
      backbone: { kind: 'tiny', channels: [32, 64, 128] },
      width: 64,
      heads: 4,
      feedForward: 256,
      encoderLayers: 2,
      decoderLayers: 2,
      queries: 40,
    },
    denoising: { slotBucket: 4 },
    data: {
      source: 'shapes',
      shapes: {
        train: 1000,
        val: 200,
        size: 64,
        classes: ['disc', 'square', 'triangle'],
        objects: { least: 1, most: 4 },
        scale: { least: 14 / 64, most: 36 / 64 },
        plain: true,
      },
      canvas: { height: 64, width: 64 },
    },
    optimizer: { learningRate: 1e-3, backboneLearningRate: 1e-3, clipNorm: 0.1 },
    schedule: { warmUp: 100, drops: [] },
    batchSize: 16,
    length: { unit: 'steps', count: 2400 },
    evaluation: { every: 200 },
    checkpoint: { every: 200 },
    threadsPerOp: 1,
  },
} satisfies Recipe;
