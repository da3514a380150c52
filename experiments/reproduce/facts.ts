/** Checks claims of the paper about models that differ in one thing, each as a comparison of models of a kept summary. */

import { pairedComparison, type SeedValue } from '@dn-detr/metrics';
import { type CurvePoint, countedRuns, type ModelSummary, type Summary, timeOfStep } from '@dn-detr/report';
import { bounds, decimal, signed } from '@dn-detr/report/markup';
import { UserError } from '@dn-detr/train';

export interface Fact {
  /** The paper's claim, short enough for a table. */
  readonly says: string;
  /**
   * Names of models. The sum of the figure over `models` should be higher, or lower, than the sum over `against`. Most facts
   * name one model on each side; `[b, b]` against `[a, c]` says that the step from a to b is larger than that from b to c.
   */
  readonly models: readonly string[];
  readonly against: readonly string[];
  readonly expected: 'higher' | 'lower';
  readonly figures: readonly Figure[];
}

export type Figure = keyof typeof figureOf;
type Curve = readonly CurvePoint[];

/** Figures of a run's curve: values at its last evaluation, except for the time of a step. */
const figureOf = {
  AP50: (curve: Curve) => curve.at(-1)?.AP50,
  AP: (curve: Curve) => curve.at(-1)?.AP,
  'distance of anchors': (curve: Curve) => curve.at(-1)?.anchorDistance,
  'IS / (2M)': (curve: Curve) => curve.at(-1)?.instability,
  'seconds a step': timeOfStep,
};

/** Figures whose ratio is more informative than their difference; their logarithms are compared. */
const ratios: ReadonlySet<Figure> = new Set(['seconds a step']);

export interface Finding {
  /** The means, their difference or ratio with its 95 % interval, and how many seeds differ in the paper's direction. */
  readonly here: string;
  readonly verdict: (typeof verdicts)[keyof typeof verdicts];
}

export const verdicts = { holds: 'holds', opposite: 'the opposite', unclear: 'inconclusive' } as const;

/**
 * Compares the models of a fact in one figure, paired by seed.
 *
 * @throws UserError if the summary does not have one of the models.
 * @throws StatisticsError if not all models have the figure for the same seeds.
 */
export function find(
  summary: Pick<Summary, 'models'>,
  { models, against, expected }: Omit<Fact, 'says' | 'figures'>,
  figure: Figure,
): Finding {
  const isRatio = ratios.has(figure);
  const [ours, theirs] = [models, against].map((names) => {
    const each = names.map((name) => valuesOf(modelNamed(summary, name), figure));
    return summed(
      isRatio ? each.map((values) => values.map(({ seed, value }) => ({ seed, value: Math.log(value) }))) : each,
    );
  }) as [SeedValue[], SeedValue[]];
  const { differences, meanDifference, interval, claimsDifference } = pairedComparison(ours, theirs);
  const sign = expected === 'higher' ? 1 : -1;
  const agreeing = differences.filter(({ value }) => sign * value > 0).length;
  const back = isRatio ? Math.exp : (value: number) => value;
  const words = isRatio ? (value: number) => `×${decimal(Math.exp(value), 2)}` : signed;
  const means = `${decimal(back(mean(ours)))} against ${decimal(back(mean(theirs)))}: `;
  const single = models.length === 1 && against.length === 1;
  const difference = `${words(meanDifference)}${interval ? ` ${bounds(interval, words)}` : ''}`;
  return {
    here: `${single ? means : ''}${difference}; ${agreeing} of ${differences.length} seeds`,
    verdict: verdicts[claimsDifference ? (sign * meanDifference > 0 ? 'holds' : 'opposite') : 'unclear'],
  };
}

/**
 * The step of the evaluation from which the interval of the difference between two models excludes 0 until the end: training
 * need not be longer to tell them apart. Undefined if the interval includes 0 at the end.
 *
 * @param seeds - Number of seeds to use, from the first.
 */
export function separatedFrom(
  summary: Pick<Summary, 'models'>,
  [model, against]: readonly [string, string],
  figure: 'AP' | 'AP50',
  seeds: number,
): number | undefined {
  const firstRuns = (name: string) => countedRuns(modelNamed(summary, name)).slice(0, seeds);
  const [ours, theirs] = [firstRuns(model), firstRuns(against)];
  const steps = ours[0]?.curve.map(({ step }) => step) ?? [];
  const at = (runs: ModelSummary['runs'], step: number) =>
    runs.flatMap(({ seed, curve }) =>
      curve.filter((point) => point.step === step).map((point) => ({ seed, value: point[figure] })),
    );
  const apart = steps.map((step) => pairedComparison(at(ours, step), at(theirs, step)).claimsDifference);
  return steps[apart.lastIndexOf(false) + 1];
}

function modelNamed({ models }: Pick<Summary, 'models'>, name: string): ModelSummary {
  const found = models.find((model) => model.name === name);
  if (found) return found;
  throw new UserError(`there is no '${name}': expected ${models.map((model) => model.name).join(', ')}`);
}

function valuesOf(model: ModelSummary, figure: Figure): SeedValue[] {
  return countedRuns(model).flatMap(({ seed, curve }) => {
    const value = figureOf[figure](curve);
    return value === undefined || value === null ? [] : [{ seed, value }];
  });
}

/** Sums of the models' values for each seed; NaN, which comparisons refuse, where a model lacks the seed. */
function summed([first = [], ...others]: readonly (readonly SeedValue[])[]): SeedValue[] {
  return first.map(({ seed, value }) => {
    const more = others.map((values) => values.find((other) => other.seed === seed)?.value ?? Number.NaN);
    return { seed, value: more.reduce((sum, other) => sum + other, value) };
  });
}

const mean = (values: readonly SeedValue[]): number =>
  values.reduce((sum, { value }) => sum + value, 0) / values.length;
