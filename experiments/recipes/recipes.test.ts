import { resolveConfig } from '@dn-detr/train';
import { expect, it } from 'vitest';
import { recipes } from './recipes.ts';

it.each(recipes)('$name is complete and unchanged after being stored as JSON', (recipe) => {
  const resolved = resolveConfig(recipe.config, recipe.name);
  expect(resolveConfig(JSON.parse(JSON.stringify(resolved)), 'stored')).toEqual(resolved);
});
