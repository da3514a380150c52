/** A recipe for data that nobody named one for. */
import { openDataset } from '@dn-detr/data';
import type { Recipe } from './recipe.ts';
import { recipeNamed } from './recipes.ts';

/** From as many training images a pretrained backbone and long training pay. */
const large = 20_000;

/**
 * By the number of images; says which on stderr.
 *
 * @throws DataError if the data cannot be used
 */
export async function chooseRecipe(source: string): Promise<Recipe> {
  const { dataset } = await openDataset(source);
  const { length } = dataset.train;
  const recipe = recipeNamed(length < large ? 'small' : 'r50');
  const size = median(dataset.train.map(({ width, height }) => Math.max(width, height)));
  process.stderr.write(
    `recipe ${recipe.name} (${recipe.title}), for ${length} training images of mostly ${size} pixels; --recipe takes another\n`,
  );
  return recipe;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
