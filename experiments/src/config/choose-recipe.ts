/** A recipe for a folder of images that nobody named one for. */
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
  /** One line for people: why the recipe was chosen, and what was fitted to the data. */
  readonly reason: string;
}

/**
 * The recipe depends only on the folder and the models, never on the machine, so that runs go on elsewhere as they began.
 *
 * `photographs`, with pretrained features, where a model takes several levels of them: it learns within minutes on two
 * cores (docs/recipes.md). Models of one feature map need many times as long with it; where all are such, `small`, from
 * scratch, is what is known to work. `r50` is never chosen: no CPU trains it.
 *
 * @param settings how the run will read the folder
 * @param models their names; none for the recipe's own
 * @param given what is set besides, by dotted key
 * @throws DataError if the data cannot be used
 * @throws UserError if there is nothing to train or to evaluate on, or an image holds too much for any model
 */
export async function chooseRecipe(
  settings: Pick<RunConfig, 'data' | 'overfit' | 'evaluation'>,
  models: readonly string[],
  given: DottedValues,
): Promise<ChosenRecipe> {
  const opened = await openData(settings.data);
  // A run says the same, but this needs images with objects already.
  runDataOf(opened, settings);
  return recipeFor(opened.dataset, models, given);
}

/** `chooseRecipe` for a data set that is open. */
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

/** Whether there is a model of this name and it takes one feature map: it has no setting of several strides. */
export const takesOneMap = (name: string): boolean =>
  knownModels.some((spec) => spec.name === name && spec.settings.shape.strides === undefined);

/** Queries of the published model that has most (DINO). */
const mostQueries = 900;

const queriesPerObject = 1.5;

/**
 * One query finds one object, and matching goes well only with queries to spare: half as many again as the fullest image
 * of training and validation has objects, and no fewer than the recipes' 60.
 */
const queriesFor = (objects: number): number => Math.max(60, 10 * Math.ceil((queriesPerObject * objects) / 10));

function tooFull({ name, train, val }: Dataset, objects: number): string {
  const fullest = [...train, ...val].find((image) => trainingObjects(image).labels.length === objects);
  return (
    `${fullest?.name} in ${name} has ${counted(objects, 'object')}, which would take ${counted(queriesFor(objects), 'query', 'queries')}: ` +
    `models are known to work with up to ${mostQueries}. Cut the images into tiles with at most ` +
    `${mostQueries / queriesPerObject} objects each, or leave objects without a query: --set model.queries=${mostQueries}`
  );
}

/** Of `dn`, where nothing is set. */
const groupsByDefault = 5;

/**
 * At most so many known queries. Five groups with a query for each object of a fuller image than 100 would be more than all
 * others, and time and memory of attention among queries grow with their square. DINO takes 200. They are then the same in
 * all batches: steps of so many sizes as such images give would take minutes to trace.
 */
const mostKnown = 500;

/** The longer side that images may be resized to: 320 as `photographs` has it, or more. */
const longSides = [320, 480, 640];

/** Of the features that `photographs` takes; the last level is made by a strided convolution. */
const strides = [16, 32, 64];

/**
 * Of the sides, the first at which half of the objects fill a cell of the finest features, up to the images' own size: an
 * object that is smaller than a cell shares its features with what is around it. Images below 320 are enlarged, for
 * features of stride 16 leave too little of them otherwise. And there must be a cell for each query, since two-stage
 * models (DINO) make a query of a cell.
 *
 * @param typical side of an object, of its image's longer side
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

/** Side of the object in the middle, of its image's longer side: the square root of its box's share. */
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

/** An evaluation of more images takes as long as training between two of them. */
const mostEvaluated = 1000;

/**
 * Ten passes at four images a step, as BCCD has them, from 500 steps, below which nothing is learned, to 4,000, which take
 * half an hour to an hour on two cores: a large set is seen in part.
 */
function stepsFor(images: number): number {
  const passes = 10;
  const batchSize = 4;
  return Math.min(Math.max(100 * Math.round((passes * images) / batchSize / 100), 500), 4000);
}

/** Of a length that is given in steps. */
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
  /** Side of an object, of its image's longer side. */
  readonly typical: number;
}

/** Words for the choice, beginning with the reason; settings that were given are left out. */
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
  return `${why}: ${[`recipe ${name}`, ...parts].join(', ')}; --recipe takes another`;
}

/** Width and height that more images have than any others. */
function mostFrequentSize(images: readonly Size[]): string {
  const counts = new Map<string, number>();
  for (const { width, height } of images) {
    const size = `${width} × ${height}`;
    counts.set(size, (counts.get(size) ?? 0) + 1);
  }
  const [[most]] = [...counts].sort(([, a], [, b]) => b - a) as [[string, number]];
  return most;
}
