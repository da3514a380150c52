import type { Recipe } from '../../recipes/recipe.ts';
import { recipes } from '../../recipes/recipes.ts';
import { UsageError } from '../usage-error.ts';

/**
 * Finds a recipe by its name.
 *
 * @throws UsageError that lists the recipes, if there is none with this name.
 */
export function recipeNamed(name: string): Recipe {
  const found = recipes.find((recipe) => recipe.name === name);
  if (found) return found;
  throw new UsageError(`there is no recipe '${name}': expected ${recipes.map((recipe) => recipe.name).join(', ')}`);
}
