/**
 * A few hundred photographs at 320 × 320 pixels, from scratch: what is taken for own data when nothing is said.
 *
 * Source: the quick recipe with more of everything; how its settings were found: docs/recipes.md.
 * Command: `npm start -- compare --data DIR`.
 * Time and result on BCCD (205 training images): docs/recipes.md.
 */
import type { Recipe } from '../src/config/recipe.ts';

export default {
  name: 'small',
  title: 'own images fitted into 320 × 320, 2 + 2 layers of width 128, from scratch',
  config: {
    model: {
      backbone: { kind: 'tiny', channels: [32, 64, 128, 256] },
      width: 128,
      heads: 4,
      feedForward: 256,
      encoderLayers: 2,
      decoderLayers: 2,
      queries: 60,
    },
    denoising: { slotBucket: 10 },
    data: { canvas: { height: 320, width: 320 } },
    optimizer: { learningRate: 1e-3, backboneLearningRate: 1e-3, clipNorm: 1 },
    schedule: { warmUp: 100, drops: [0.8] },
    batchSize: 8,
    length: { unit: 'minutes', count: 30 },
    evaluation: { every: 200 },
    checkpoint: { every: 200 },
    threadsPerOp: 1,
  },
} satisfies Recipe;
