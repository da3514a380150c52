/** What the paper says of models that differ in one thing, each saying as two models of a kept summary. */
import { pairedComparison } from '@dn-detr/metrics';
import type { CurvePoint, ModelSummary, Summary } from '../src/compare/summary.ts';
import { ap, bounds, decimal, signed } from '../src/report/format.ts';
import { UserError } from '../src/user-error.ts';

export interface Fact {
  /** in the paper's sense, short enough for a table */
  readonly says: string;
  /** names of two models; of `model` the figure should be the higher one, or the lower */
  readonly model: string;
  readonly against: string;
  readonly expected: 'higher' | 'lower';
  readonly figure: keyof typeof figures;
}

/** At the last evaluation of a run. */
const figures = {
  AP50: (last: CurvePoint) => last.AP50,
  'distance of anchors': (last: CurvePoint) => last.anchorDistance,
  'IS / 2M': (last: CurvePoint) => last.instability,
  'seconds a step': (last: CurvePoint) => last.seconds / last.step,
} satisfies Record<string, (last: CurvePoint) => number | null>;

export interface Finding {
  /** both means, the difference with its 95 % interval, and how many seeds differ in the paper's sense */
  readonly here: string;
  readonly verdict: (typeof verdicts)[keyof typeof verdicts];
}

export const verdicts = {
  holds: 'holds',
  opposite: 'does not: the opposite',
  unclear: 'cannot be told from the spread of seeds',
} as const;

/** @throws UserError if the summary has no such model, or the two have no seed in common that has the figure */
export function find({ models }: Pick<Summary, 'models'>, { model, against, expected, figure }: Fact): Finding {
  const [ours, theirs] = [model, against].map((name) => valuesOf(modelNamed(models, name), figure));
  if (!ours?.length || !theirs?.length) throw new UserError(`${model} and ${against}: no run has '${figure}'`);
  const { differences, meanDifference, interval, claimsDifference } = pairedComparison(ours, theirs);
  const sign = expected === 'higher' ? 1 : -1;
  const agreeing = differences.filter(({ value }) => sign * value > 0).length;
  const digits = figure === 'AP50' ? ap : decimal;
  const difference = `${signed(meanDifference)} ${interval ? bounds(interval) : ''}`.trim();
  return {
    here: `${digits(mean(ours))} against ${digits(mean(theirs))}: ${difference}; ${agreeing} of ${differences.length} seeds`,
    verdict: verdicts[claimsDifference ? (sign * meanDifference > 0 ? 'holds' : 'opposite') : 'unclear'],
  };
}

/**
 * From which evaluation on, to the end, an interval of the difference of two models in AP50 leaves 0 out: training need not
 * be longer to tell them apart. Undefined where it does not at the end.
 */
export function separatedFrom(
  { models }: Pick<Summary, 'models'>,
  { model, against }: Pick<Fact, 'model' | 'against'>,
  seeds: number,
): number | undefined {
  const [ours, theirs] = [model, against].map((name) => modelNamed(models, name).runs.slice(0, seeds));
  const steps = ours?.[0]?.curve.map(({ step }) => step) ?? [];
  const at = (runs: ModelSummary['runs'], i: number) =>
    runs.map(({ seed, curve }) => ({ seed, value: (curve[i] as CurvePoint).AP50 }));
  const apart = steps.map((_, i) => pairedComparison(at(ours ?? [], i), at(theirs ?? [], i)).claimsDifference);
  return steps[apart.lastIndexOf(false) + 1];
}

function modelNamed(models: Summary['models'], name: string): ModelSummary {
  const found = models.find((model) => model.name === name);
  if (found) return found;
  throw new UserError(`there is no '${name}': expected ${models.map((model) => model.name).join(', ')}`);
}

const valuesOf = ({ runs }: ModelSummary, figure: Fact['figure']) =>
  runs.flatMap(({ seed, status, curve }) => {
    const last = curve.at(-1);
    const value = last && status === 'done' ? figures[figure](last) : null;
    return value === null ? [] : [{ seed, value }];
  });

const mean = (values: readonly { readonly value: number }[]): number =>
  values.reduce((sum, { value }) => sum + value, 0) / values.length;
