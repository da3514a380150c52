/**
 * One or two big plain shapes at 64 × 64 pixels, normalised before each part of a layer, with a third of the quick recipe's
 * learning rate: a setting of minutes in which DETR itself learns to detect.
 *
 * Source: the quick recipe; how this setting was found: docs/recipes.md.
 * Command: `npm start -- compare --recipe easy --models detr,dn-detr-vanilla,dn-detr --seeds 3`.
 * Time and result: docs/recipes.md.
 */

import quick from './quick.ts';
import type { Recipe } from './recipe.ts';

export default {
  name: 'easy',
  title: 'one or two big plain shapes at 64 × 64, in which DETR itself learns, 2400 steps',
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
