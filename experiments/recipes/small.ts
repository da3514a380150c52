/**
 * A few hundred photographs fitted into 128 × 128 pixels, from scratch: what is taken for own data when nothing is said and
 * all models have one feature map.
 * Objects below 10 pixels are lost at that size: `--set 'data.canvas={"height":320,"width":320}'` keeps them, at several
 * times the time a step and with a fourth stage, `--set 'model.backbone.channels=[32,64,128,256]'`.
 *
 * Source: what got furthest on BCCD within an hour of two CPU cores; what was tried: docs/recipes.md.
 * Command: `npm start -- compare --data DIR --models detr,dn-detr`.
 * Time and result on BCCD (205 training images): docs/recipes.md.
 */
import type { Recipe } from './recipe.ts';

export default {
  name: 'small',
  title: 'own images fitted into 128 × 128, 2 + 2 layers of width 128, 6000 steps from scratch',
  config: {
    model: {
      backbone: { kind: 'tiny', channels: [32, 64, 128] },
      width: 128,
      heads: 4,
      feedForward: 256,
      encoderLayers: 2,
      decoderLayers: 2,
      queries: 60,
    },
    denoising: { slotBucket: 10 },
    data: { canvas: { height: 128, width: 128 } },
    optimizer: { learningRate: 3e-4, backboneLearningRate: 3e-4, clipNorm: 1 },
    schedule: { warmUp: 100, drops: [0.8] },
    batchSize: 8,
    length: { unit: 'steps', count: 6000 },
    evaluation: { every: 500 },
    checkpoint: { every: 200 },
    threadsPerOp: 1,
  },
} satisfies Recipe;
