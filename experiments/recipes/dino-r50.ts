/**
 * DINO with a ResNet-50 and four scales as in the paper: 12 epochs, with the learning rate divided by 10 after the 11th.
 *
 * Source: Zhang et al., ICLR 2023 (https://arxiv.org/abs/2203.03605), section 4.1 and `config/DINO/DINO_4scale.py` in
 * IDEA-Research/DINO. Canvases are rounded up to multiples of 128 pixels, so that few different steps are captured.
 * Command: `npm start -- train --recipe dino-r50 --data COCO_FOLDER --init resnet50.pth`.
 * Time: for a machine with a GPU; `--dry-run` measures a step and estimates the time of the run.
 * Result in the paper: 49.0 AP on COCO's val2017. Not run here.
 */
import { detrTraining } from './detr-training.ts';
import type { Recipe } from './recipe.ts';

export default {
  name: 'dino-r50',
  title: "DINO's: ResNet-50, four scales, 6 + 6 layers of width 256, 900 queries, 12 epochs",
  config: {
    model: {
      name: 'dino',
      backbone: { kind: 'resnet', depth: 50 },
      featureLevels: 4,
      width: 256,
      heads: 8,
      feedForward: 2048,
      encoderLayers: 6,
      decoderLayers: 6,
      queries: 900,
    },
    ...detrTraining,
    schedule: { kind: 'step', drops: [11 / 12] },
    length: { unit: 'epochs', count: 12 },
  },
} satisfies Recipe;
