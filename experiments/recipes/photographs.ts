/**
 * Photographs whose longer side becomes 320 pixels, with the features of a frozen EfficientNet-Lite0 that has seen ImageNet:
 * a few hundred steps, of which each takes a fraction of a second on two CPU cores, because an image's features are
 * computed once.
 *
 * Source: sizes and rates with which multi-scale models learn on BCCD within minutes (EfficientNet-Lite: Liu 2020,
 * https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html). Models of one feature
 * map take that of stride 16.
 * Command: `npm start -- train --recipe photographs --data DIR`; without `--data`, drawn shapes.
 * Time and result: docs/recipes.md.
 */
import type { Recipe } from '../src/config/recipe.ts';

export default {
  name: 'photographs',
  title: 'photographs at 320 pixels, a frozen EfficientNet-Lite0, 1 + 3 layers of width 128, 500 steps',
  config: {
    model: {
      backbone: { kind: 'efficientnet-lite', variant: 0, trainStages: 0 },
      level: 16,
      width: 128,
      heads: 8,
      feedForward: 512,
      encoderLayers: 1,
      decoderLayers: 3,
      queries: 60,
    },
    denoising: { groups: 5, slotBucket: 10 },
    data: { canvas: { longSide: 320 } },
    optimizer: { learningRate: 4e-4, clipNorm: 0.1 },
    schedule: { warmUp: 50, drops: [0.85] },
    batchSize: 4,
    length: { unit: 'steps', count: 500 },
    evaluation: { every: 100 },
    checkpoint: { every: 100 },
  },
} satisfies Recipe;
