/**
 * Photographs with their longer side scaled to 320 pixels, and a frozen EfficientNet-Lite0 with ImageNet weights: 500 steps of
 * a fraction of a second each on two CPU cores, because an image's features are computed only once.
 *
 * Models with deformable attention take the features of strides 16 and 32, and one more level made by a strided convolution;
 * they learn within minutes. Models with one feature map take that of stride 16, and need many times as long.
 * Source: EfficientNet-Lite (Liu 2020,
 * https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html); docs/recipes.md explains
 * the learning rate.
 * Command: `npm start` compares four models with it on the bundled photographs; `npm start -- train --recipe photographs`
 * trains one of them. With `--data DIR` it is fitted to the images there (../src/config/choose-recipe.ts).
 * Time and result: docs/recipes.md.
 */
import { photosFolder } from './photos-folder.ts';
import type { Recipe } from './recipe.ts';

export default {
  name: 'photographs',
  title: 'photographs at 320 pixels, a frozen EfficientNet-Lite0, 1 + 3 layers of width 128, 500 steps',
  config: {
    model: {
      name: 'dn-deformable-detr',
      backbone: { kind: 'efficientnet-lite', variant: 0, trainStages: 0 },
      strides: [16, 32],
      featureLevels: 3,
      level: 16,
      width: 128,
      heads: 8,
      feedForward: 512,
      encoderLayers: 1,
      decoderLayers: 3,
      queries: 60,
    },
    data: { source: photosFolder, canvas: { longSide: 320 } },
    optimizer: { learningRate: 4e-4, clipNorm: 0.1 },
    schedule: { warmUp: 50, drops: [0.85] },
    batchSize: 4,
    length: { unit: 'steps', count: 500 },
    evaluation: { every: 125 },
    checkpoint: { every: 125 },
  },
  compared: ['dn-deformable-detr+denoising.groups=0', 'dn-deformable-detr', 'dino+denoising.groups=0', 'dino'],
} satisfies Recipe;
