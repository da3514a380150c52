/** A recipe for data that nobody named one for. */
import { type DatasetImage, type DatasetReader, type OpenOptions, openDataset } from '@dn-detr/data';
import type { Recipe } from './recipe.ts';
import { recipeNamed } from './recipes.ts';

/** From as many training images a pretrained backbone and long training pay. */
const large = 20_000;
/** Sides of a canvas are multiples of this: what the strides of the small recipe's backbone divide. */
const multiple = 32;

/**
 * By the number of images, with a canvas for their size; says which on stderr.
 *
 * @param options how the run will read the folder
 * @throws DataError if the data cannot be used
 */
export async function chooseRecipe(source: string, options: OpenOptions<DatasetReader>): Promise<Recipe> {
  const { train } = (await openDataset(source, options)).dataset;
  const recipe = fittedTo(train, recipeNamed(train.length < large ? 'small' : 'r50'));
  const { canvas } = recipe.config.data ?? {};
  const size = canvas && 'width' in canvas ? `, on a canvas of ${canvas.width} × ${canvas.height}` : '';
  const { width, height } = mostly(train);
  process.stderr.write(
    `recipe ${recipe.name} (${recipe.title})${size}, for ${train.length} training images of mostly ${width} × ${height}; ` +
      '--recipe takes another\n',
  );
  return recipe;
}

type Sized = Pick<DatasetImage, 'width' | 'height'>;

/** With a canvas that wastes less on padding where nearly all images are wide, high or small. */
export function fittedTo(images: readonly Sized[], recipe: Recipe): Recipe {
  const { data } = recipe.config;
  if (!data?.canvas || !('width' in data.canvas)) return recipe;
  const most = Math.max(data.canvas.width, data.canvas.height);
  const longer = Math.min(most, nearlyAll(images.map(({ width, height }) => Math.max(width, height))));
  const share = (side: keyof Sized) =>
    nearlyAll(images.map((image) => image[side] / Math.max(image.width, image.height)));
  const [width, height] = (['width', 'height'] as const).map((side) => roundedUp(longer * share(side))) as [
    number,
    number,
  ];
  return { ...recipe, config: { ...recipe.config, data: { ...data, canvas: { width, height } } } };
}

const roundedUp = (size: number): number => multiple * Math.ceil(size / multiple);

/** What 19 of 20 do not exceed. */
const nearlyAll = (values: readonly number[]): number => quantile(values, 0.95);

const mostly = (images: readonly Sized[]) => ({
  width: quantile(
    images.map(({ width }) => width),
    0.5,
  ),
  height: quantile(
    images.map(({ height }) => height),
    0.5,
  ),
});

/** One of the values. */
function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? 0;
}
