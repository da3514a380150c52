/** The recipes there are. */
import dinoR50 from '../../recipes/dino-r50.ts';
import easy from '../../recipes/easy.ts';
import photographs from '../../recipes/photographs.ts';
import quick from '../../recipes/quick.ts';
import quickWasm from '../../recipes/quick-wasm.ts';
import r50 from '../../recipes/r50.ts';
import small from '../../recipes/small.ts';
import { UsageError } from '../usage-error.ts';
import type { Recipe } from './recipe.ts';

export const recipes: readonly Recipe[] = [quick, easy, quickWasm, small, photographs, r50, dinoR50];

/** @throws UsageError naming those there are */
export function recipeNamed(name: string): Recipe {
  const found = recipes.find((recipe) => recipe.name === name);
  if (found) return found;
  throw new UsageError(`there is no recipe '${name}': expected ${recipes.map((recipe) => recipe.name).join(', ')}`);
}
