/** Chooses a recipe for a folder of images if none is named. */
import { type Dataset, type Size, smallestCanvas, trainingObjects } from '@dn-detr/data';
import {
  allImages,
  counted,
  type DottedValues,
  models as knownModels,
  openData,
  queriesNeeded,
  type RunConfig,
  type RunOverrides,
  resolveSettings,
  runDataOf,
  runSettings,
  UserError,
} from '@dn-detr/train';
import { median } from 'd3-array';
import type { Recipe } from '../../recipes/recipe.ts';
import { canvasFor } from './fitted-canvas.ts';
import { recipeNamed } from './recipe-named.ts';

export interface ChosenRecipe {
  readonly recipe: Recipe;
  /** One line that explains why the recipe was chosen, and what was fitted to the data. */
  readonly reason: string;
}

/**
 * Chooses a recipe for a folder. The choice depends only on the folder and the models, never on the machine, so that runs can
 * be resumed elsewhere.
 *
 * The choice is `photographs`, with pretrained features, if any model takes several levels of features: such models then learn
 * within minutes on two cores (docs/recipes.md). Models with one feature map need many times as long with it. If all models
 * have one feature map, the choice is `small`, from scratch, which is known to work. `r50` is never chosen, since no CPU can
 * train it.
 *
 * @param settings - The settings for reading the folder.
 * @param models - Names of the models; empty for the recipe's own.
 * @param given - Other settings by dotted key.
 * @throws DataError if the data cannot be used.
 * @throws UserError if there is nothing to train or to evaluate on, or an image has too many objects for any model.
 */
export async function chooseRecipe(
  settings: Pick<RunConfig, 'data' | 'overfit' | 'evaluation'>,
  models: readonly string[],
  given: DottedValues,
): Promise<ChosenRecipe> {
  const opened = await openData(settings.data);
  // A run makes the same check later, but images with objects are needed here already.
  runDataOf(opened, settings);
  return recipeFor(opened.dataset, models, given);
}

/** `chooseRecipe` for a data set that is already open. */
export function recipeFor(dataset: Dataset, models: readonly string[], given: DottedValues = {}): ChosenRecipe {
  const { train, val } = dataset;
  const objects = queriesNeeded([...train, ...val]);
  const queries = queriesFor(objects);
  if (queries > mostQueries && given['model.queries'] === undefined) throw new UserError(tooFull(dataset, objects));
  const ofOneMap = models.length > 0 && models.every(takesOneMap);
  const base = recipeNamed(ofOneMap ? 'small' : 'photographs');
  const typical = typicalObject(dataset);
  const crowded = groupsByDefault * objects > mostKnown;
  const steps = stepsFor(train.length);
  const config: RunOverrides = {
    ...base.config,
    model: { ...base.config.model, queries },
    ...(crowded && { denoising: { ...base.config.denoising, maxKnownQueries: mostKnown, slotBucket: null } }),
    data: {
      ...base.config.data,
      canvas: ofOneMap
        ? canvasFor(train, base.config.data?.canvas)
        : { longSide: longSideFor(dataset, typical, queries) },
    },
    ...(!ofOneMap && { length: { unit: 'steps', count: steps } }),
    evaluation: {
      ...base.config.evaluation,
      ...(!ofOneMap && { every: Math.ceil((givenSteps(given) ?? steps) / 4) }),
      ...(val.length > mostEvaluated && { images: mostEvaluated }),
    },
  };
  const recipe = { ...base, config };
  return { recipe, reason: reasonFor(dataset, recipe, { models, given, ofOneMap, objects, queries, typical }) };
}

/** Whether there is a model with this name that takes one feature map, which means that it has no setting `strides`. */
export const takesOneMap = (name: string): boolean =>
  knownModels.some((spec) => spec.name === name && spec.settings.shape.strides === undefined);

/** Number of queries of DINO, the published model with the most. */
const mostQueries = 900;

const queriesPerObject = 1.5;

/**
 * Number of queries for images with up to `objects` objects. One query finds one object, and matching works well only with
 * queries to spare, hence half as many again, and at least the recipes' 60.
 */
const queriesFor = (objects: number): number => Math.max(60, 10 * Math.ceil((queriesPerObject * objects) / 10));

function tooFull({ name, train, val }: Dataset, objects: number): string {
  const fullest = [...train, ...val].find((image) => trainingObjects(image).labels.length === objects);
  return (
    `${fullest?.name} in ${name} has ${counted(objects, 'object')}, which would take ${counted(queriesFor(objects), 'query', 'queries')}: ` +
    `models are known to work with up to ${mostQueries}. Cut the images into tiles with at most ` +
    `${mostQueries / queriesPerObject} objects each, or leave some objects without a query: --set model.queries=${mostQueries}`
  );
}

/** The default of `denoising.groups` for the kind `dn`. */
const groupsByDefault = 5;

/**
 * Upper limit for known queries. For images with more than 100 objects, five groups would exceed it and outnumber all other
 * queries, and the time and memory of attention among queries grow with the square of their number. (DINO takes 200.) Where
 * the limit applies, all batches have the same number of known queries, because tracing steps of the many sizes that such
 * images give would take minutes.
 */
const mostKnown = 500;

/** Longer sides that images may be resized to: the 320 of `photographs`, or more. */
const longSides = [320, 480, 640];

/** Strides of the features in `photographs`; the last level is made by a strided convolution. */
const strides = [16, 32, 64];

/**
 * The first of the longer sides at which half of the objects fill a cell of the finest features, but no more than the images'
 * own size: an object that is smaller than a cell shares its features with its surroundings. Images below 320 are enlarged,
 * because features of stride 16 would otherwise leave too little of them. There must also be a cell for each query, since
 * two-stage models (DINO) make each query from a cell.
 *
 * @param typical - Side of a typical object, as a fraction of its image's longer side.
 */
function longSideFor(dataset: Dataset, typical: number, queries: number): number {
  const [finest] = strides as [number];
  const images = allImages(dataset);
  const longer = median(images, ({ width, height }) => Math.max(width, height)) as number;
  const cells = (side: number): number => {
    const { width, height } = smallestCanvas(images, side);
    return strides.reduce((sum, stride) => sum + Math.ceil(width / stride) * Math.ceil(height / stride), 0);
  };
  const isEnough = (side: number, i: number): boolean => {
    const next = longSides[i + 1];
    return cells(side) >= queries && (typical * side >= finest || next === undefined || next > longer);
  };
  return longSides.find(isEnough) ?? (longSides.at(-1) as number);
}

/** Median side of the objects, √(w·h) of the box as a fraction of its image's longer side. */
function typicalObject({ train }: Dataset): number {
  const sides = train.flatMap((image) => {
    const { boxes } = trainingObjects(image);
    const longer = Math.max(image.width, image.height);
    return Array.from({ length: boxes.length / 4 }, (_, n) => {
      const [width, height] = boxes.subarray(4 * n + 2, 4 * n + 4) as unknown as [number, number];
      return Math.sqrt(width * height) / longer;
    });
  });
  return median(sides) as number;
}

/** With more images, an evaluation would take as long as the training between two evaluations. */
const mostEvaluated = 1000;

/**
 * Number of steps: ten passes at four images per step, as for BCCD, but at least 500, below which nothing is learned, and at
 * most 4,000, which take half an hour to an hour on two cores. Of a large data set only a part is seen.
 */
function stepsFor(images: number): number {
  const passes = 10;
  const batchSize = 4;
  return Math.min(Math.max(100 * Math.round((passes * images) / batchSize / 100), 500), 4000);
}

/** The number of steps, if the length is given in steps. */
function givenSteps(given: DottedValues): number | undefined {
  const { unit = 'steps', count } = (given.length ?? {}) as Partial<RunConfig['length']>;
  const steps = given['length.count'] ?? count;
  return (given['length.unit'] ?? unit) === 'steps' && typeof steps === 'number' && steps > 0 ? steps : undefined;
}

interface Facts {
  readonly models: readonly string[];
  readonly given: DottedValues;
  readonly ofOneMap: boolean;
  readonly objects: number;
  readonly queries: number;
  /** Side of a typical object, as a fraction of its image's longer side. */
  readonly typical: number;
}

/** Explains the choice, starting with the reason; settings that the user gave are left out. */
function reasonFor(dataset: Dataset, { name, config }: Recipe, facts: Facts): string {
  const { models, given, ofOneMap, objects, queries, typical } = facts;
  const { train, val } = dataset;
  const { data, length, evaluation } = resolveSettings(runSettings(config, `recipe ${name}`)).config;
  const { canvas } = data;
  const isGiven = (key: string): boolean =>
    Object.keys(given).some((one) => `${key}.`.startsWith(`${one}.`) || one.startsWith(`${key}.`));
  const size = 'longSide' in canvas ? smallestCanvas(allImages(dataset), canvas.longSide) : canvas;
  const parts = [
    !isGiven('length') &&
      `${counted(length.count, length.unit.slice(0, -1))} for ${counted(train.length, 'training image')}`,
    !isGiven('data.canvas') &&
      'width' in size &&
      `${size.width} × ${size.height} (images are most often ${mostFrequentSize(train)}), where half of the objects are at ` +
        `least ${Math.round(typical * Math.max(size.width, size.height))} pixels large`,
    !isGiven('model.queries') &&
      `${counted(queries, 'query', 'queries')} for up to ${counted(objects, 'object')} in an image`,
    !isGiven('evaluation.images') &&
      evaluation.images > 0 &&
      `evaluated on the first ${counted(evaluation.images, 'image')} of ${counted(val.length, 'validation image')}`,
  ].filter((part) => part !== false);
  const named = models.length > 0 ? models : [String(config.model?.name)];
  const about = [...new Set(named.filter((model) => takesOneMap(model) === ofOneMap))];
  const takes = `${about.join(' and ')} ${about.length === 1 ? 'takes' : 'take'}`;
  const why = ofOneMap
    ? `from scratch, since ${takes} one feature map`
    : `pretrained features, since ${takes} several levels of them`;
  return `${why}: ${[`recipe ${name}`, ...parts].join(', ')}; --recipe selects another`;
}

/** The most frequent width and height. */
function mostFrequentSize(images: readonly Size[]): string {
  const counts = new Map<string, number>();
  for (const { width, height } of images) {
    const size = `${width} × ${height}`;
    counts.set(size, (counts.get(size) ?? 0) + 1);
  }
  const [[most]] = [...counts].sort(([, a], [, b]) => b - a) as [[string, number]];
  return most;
}
