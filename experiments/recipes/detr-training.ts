/** Training settings of DETR and its successors on COCO: `main.py`, `datasets/coco.py` and `engine.py` in their repositories. */
import { detrTransforms } from '@dn-detr/data';
import type { RunOverrides } from '@dn-detr/train';

/** Batches of 16 images as eight of 2. Canvases are multiples of 128 pixels, so that few different steps are captured. */
export const detrTraining = {
  data: {
    canvas: { multipleOf: 128 },
    scales: [...detrTransforms.training.scale],
    evaluationScale: detrTransforms.evaluation.scale,
    maxSize: detrTransforms.training.maxSize,
    augmentation: { flip: 0.5, crop: { probability: 0.5, scales: [400, 500, 600], least: 384, most: 600 } },
  },
  optimizer: { learningRate: 1e-4, backboneLearningRate: 1e-5, weightDecay: 1e-4, clipNorm: 0.1, accumulate: 8 },
  batchSize: 2,
  evaluation: { every: 7400 },
  checkpoint: { every: 500 },
} satisfies RunOverrides;
