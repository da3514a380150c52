/**
 * A few hundred photographs fitted into 128 × 128 pixels, from scratch: the default for your own data if all models have one
 * feature map.
 * Objects below 10 pixels are lost at that size. `--set 'data.canvas={"height":320,"width":320}'` with a fourth stage,
 * `--set 'model.backbone.channels=[32,64,128,256]'`, keeps them, but a step takes several times as long.
 *
 * Source: the settings that got furthest on BCCD within an hour on two CPU cores; docs/recipes.md lists what was tried.
 * Command: `npm start -- compare --data DIR --models detr,dn-detr`.
 * Time and result on BCCD (205 training images): docs/recipes.md.
 */
import type { Recipe } from './recipe.ts';

export default {
  name: 'small',
  title: 'your images fitted into 128 × 128, 2 + 2 layers of width 128, 6000 steps from scratch',
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
