/**
 * One or two large plain shapes at 64 × 64 pixels, with pre-norm layers and a third of the learning rate of `quick`: a setting
 * in which even DETR learns to detect within minutes.
 *
 * Source: the recipe `quick`; docs/recipes.md says how this setting was found.
 * Command: `npm start -- compare --recipe easy --models detr,dn-detr-vanilla,dn-detr --seeds 3`.
 * Time and result: docs/recipes.md.
 */

import quick from './quick.ts';
import type { Recipe } from './recipe.ts';

export default {
  name: 'easy',
  title: 'one or two large plain shapes at 64 × 64, for which even DETR learns, 2400 steps',
  config: {
    ...quick.config,
    model: { ...quick.config.model, queries: 8, preNorm: true },
    data: {
      ...quick.config.data,
      shapes: {
        ...quick.config.data.shapes,
        classes: ['disc', 'square'],
        objects: { least: 1, most: 2 },
        scale: { least: 24 / 64, most: 40 / 64 },
      },
    },
    optimizer: { learningRate: 3e-4, backboneLearningRate: 3e-4, clipNorm: 1 },
  },
} satisfies Recipe;
