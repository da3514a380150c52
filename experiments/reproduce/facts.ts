/** What the paper says of models that differ in one thing, each saying as two models of a kept summary. */
import { pairedComparison } from '@dn-detr/metrics';
import type { CurvePoint, ModelSummary, Summary } from '../src/compare/summary.ts';
import { timeOfStep } from '../src/report/final-rows.ts';
import { bounds, decimal, signed } from '../src/report/format.ts';
import { countedRuns } from '../src/report/runs.ts';
import { UserError } from '../src/user-error.ts';

export interface Fact {
  /** in the paper's sense, short enough for a table */
  readonly says: string;
  /** names of two models; of `model` the figure should be the higher one, or the lower */
  readonly model: string;
  readonly against: string;
  readonly expected: 'higher' | 'lower';
  readonly figures: readonly Figure[];
}

export type Figure = keyof typeof figureOf;

type Curve = readonly CurvePoint[];

/** Of a run's whole curve: at its last evaluation, but for the time of a step. */
const figureOf = {
  AP50: (curve: Curve) => curve.at(-1)?.AP50,
  AP: (curve: Curve) => curve.at(-1)?.AP,
  'distance of anchors': (curve: Curve) => curve.at(-1)?.anchorDistance,
  'IS / (2M)': (curve: Curve) => curve.at(-1)?.instability,
  'seconds a step': timeOfStep,
};

export interface Finding {
  /** both means, the difference with its 95 % interval, and how many seeds differ in the paper's sense */
  readonly here: string;
  readonly verdict: (typeof verdicts)[keyof typeof verdicts];
}

export const verdicts = { holds: 'holds', opposite: 'the opposite', unclear: 'cannot be told' } as const;

/**
 * @throws UserError if the summary has no such model
 * @throws StatisticsError if not both models have the figure for the same seeds
 */
export function find(
  { models }: Pick<Summary, 'models'>,
  { model, against, expected }: Omit<Fact, 'says' | 'figures'>,
  figure: Figure,
): Finding {
  const ours = valuesOf(modelNamed(models, model), figure);
  const theirs = valuesOf(modelNamed(models, against), figure);
  const { differences, meanDifference, interval, claimsDifference } = pairedComparison(ours, theirs);
  const sign = expected === 'higher' ? 1 : -1;
  const agreeing = differences.filter(({ value }) => sign * value > 0).length;
  const difference = `${signed(meanDifference)} ${interval ? bounds(interval) : ''}`.trim();
  const means = `${decimal(mean(ours))} against ${decimal(mean(theirs))}`;
  return {
    here: `${means}: ${difference}; ${agreeing} of ${differences.length} seeds`,
    verdict: verdicts[claimsDifference ? (sign * meanDifference > 0 ? 'holds' : 'opposite') : 'unclear'],
  };
}

/**
 * From which evaluation on, to the end, the interval of the difference of two models in AP50 leaves 0 out: training need not
 * be longer to tell them apart. Undefined where it does not at the end.
 *
 * @param seeds how many of them, from the first
 */
export function separatedFrom(
  { models }: Pick<Summary, 'models'>,
  { model, against }: Pick<Fact, 'model' | 'against'>,
  seeds: number,
): number | undefined {
  const firstRuns = (name: string) => countedRuns(modelNamed(models, name)).slice(0, seeds);
  const [ours, theirs] = [firstRuns(model), firstRuns(against)];
  const steps = ours[0]?.curve.map(({ step }) => step) ?? [];
  const at = (runs: ModelSummary['runs'], step: number) =>
    runs.flatMap(({ seed, curve }) =>
      curve.filter((point) => point.step === step).map(({ AP50: value }) => ({ seed, value })),
    );
  const apart = steps.map((step) => pairedComparison(at(ours, step), at(theirs, step)).claimsDifference);
  return steps[apart.lastIndexOf(false) + 1];
}

function modelNamed(models: Summary['models'], name: string): ModelSummary {
  const found = models.find((model) => model.name === name);
  if (found) return found;
  throw new UserError(`there is no '${name}': expected ${models.map((model) => model.name).join(', ')}`);
}

const valuesOf = (model: ModelSummary, figure: Figure) =>
  countedRuns(model).flatMap(({ seed, curve }) => {
    const value = figureOf[figure](curve);
    return value === undefined || value === null ? [] : [{ seed, value }];
  });

const mean = (values: readonly { readonly value: number }[]): number =>
  values.reduce((sum, { value }) => sum + value, 0) / values.length;
