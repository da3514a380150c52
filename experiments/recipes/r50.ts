/**
 * DN-DETR with a ResNet-50 as in the paper: 50 epochs, with the learning rate divided by 10 after the 40th.
 *
 * Source: Li et al., CVPR 2022 (https://arxiv.org/abs/2203.01305), section 5.1 and the defaults of `main.py` in
 * IDEA-Research/DN-DETR. Canvases are rounded up to multiples of 128 pixels, so that few different steps are captured.
 * Command: `npm start -- train --recipe r50 --data COCO_FOLDER --init resnet50.pth`.
 * Time: a step of 16 images takes about 14 s at 512 × 512 on two CPU cores (docs/performance.md has the time for 2 images),
 * which scales with the number of pixels to about 55 s at 800 × 1333; an epoch of COCO has 7400 steps. A GPU is needed.
 * Result in the paper: 44.1 AP on COCO's val2017, DAB-DETR 42.2. Not run here.
 */
import { detrTraining } from './detr-training.ts';
import type { Recipe } from './recipe.ts';

export default {
  name: 'r50',
  title: "the paper's: ResNet-50, 6 + 6 layers of width 256, 300 queries, 50 epochs",
  config: {
    model: { backbone: { kind: 'resnet', depth: 50 } },
    denoising: { groups: 5, labelNoise: 0.2, centerNoise: 0.4, sizeNoise: 0.4 },
    ...detrTraining,
    schedule: { kind: 'step', drops: [0.8] },
    length: { unit: 'epochs', count: 50 },
  },
} satisfies Recipe;
