/** Selects the few differences that a comparison is about, for its first sentence and the estimate of seeds. */
import { isDeepStrictEqual } from 'node:util';
import { holm } from '@dn-detr/metrics';
import type { DottedValues } from '@dn-detr/train';
import type { Comparison, Equal, Summary } from '../summary/summary.ts';
import { finalTable } from './final-rows.ts';

/** The difference of two models, and whether the spread of the seeds explains it. */
export interface Contrast {
  /** The model minus the baseline. */
  readonly difference: Comparison;
  /** The p-value of the paired t-test, corrected by Holm's method; absent with one seed, or if all differences are equal. */
  readonly correctedP?: number;
  /** Whether the corrected p-value is below 5 %. */
  readonly told: boolean;
}

/** The differences that a comparison is about. */
export interface Contrasts {
  /**
   * The pairs that are compared. `denoising`: each model with denoising and the same model without it. `best`, if there is no
   * such pair: the model with the highest figure and each other one. `first`, in an ablation: each cell and the first one.
   */
  readonly kind: 'denoising' | 'best' | 'first';
  readonly metric: 'AP' | 'AP50';
  readonly contrasts: readonly Contrast[];
}

const significance = 0.05;

/** Whether models are compared at equal steps or, if that is impossible, at equal seconds. */
export const comparedAt = ({ comparisons }: Pick<Summary, 'comparisons'>): Equal =>
  comparisons.some(({ at }) => at === 'steps') || comparisons.length === 0 ? 'steps' : 'seconds';

/** The pairs of models that a summary is about, and how they differ. */
export function contrastsOf(summary: Summary): Contrasts {
  // Many ablations run mostly on the plateau, where AP50 shows more than AP.
  const metric = summary.ablation ? 'AP50' : 'AP';
  const at = comparedAt(summary);
  const all = summary.comparisons.filter((comparison) => comparison.metric === metric && comparison.at === at);
  if (summary.ablation) return { kind: 'first', metric, contrasts: corrected(all) };
  const pairs = turned(all, (pair) => isDenoisingAlone(pair, summary));
  if (pairs.length > 0) return { kind: 'denoising', metric, contrasts: corrected(pairs) };
  // The best model was not known in advance, so the correction counts all pairs that it was chosen from.
  const best = bestOf(summary);
  const ofBest = corrected(all).flatMap(({ difference, ...worth }) =>
    turned([difference], ({ model }) => model === best).map((own) => ({ ...worth, difference: own })),
  );
  return { kind: 'best', metric, contrasts: ofBest };
}

/** The wanted comparisons, reversed where necessary. */
const turned = (all: readonly Comparison[], isWanted: (comparison: Comparison) => boolean): Comparison[] =>
  all.flatMap((comparison) => [comparison, reversed(comparison)].filter(isWanted));

/** Whether the baseline differs from the model only in having no known queries. */
function isDenoisingAlone({ model, baseline }: Comparison, { models, settings }: Summary): boolean {
  const [own, other] = [model, baseline].map((name) => ({
    ...settings,
    ...models.find((one) => one.name === name)?.settings,
  })) as [DottedValues, DottedValues];
  const groups = 'denoising.groups';
  const isOff = (values: DottedValues) => values[groups] === 0;
  return (
    groups in own &&
    !isOff(own) &&
    isOff(other) &&
    // Other settings of denoising have no effect on a model without known queries.
    Object.keys({ ...own, ...other }).every(
      (key) => key.startsWith('denoising.') || isDeepStrictEqual(own[key], other[key]),
    )
  );
}

function bestOf(summary: Summary): string | undefined {
  const rows = finalTable(summary).rows.filter(({ AP }) => AP.mean !== undefined);
  return rows.toSorted((a, b) => (b.AP.mean as number) - (a.AP.mean as number))[0]?.model.name;
}

function reversed(comparison: Comparison): Comparison {
  const { model, baseline, mean, meanDifference, interval, differences } = comparison;
  return {
    ...comparison,
    ...{ model: baseline, baseline: model, mean: { model: mean.baseline, baseline: mean.model } },
    // Subtracted and not negated, since no difference would become -0.
    meanDifference: 0 - meanDifference,
    differences: differences.map(({ seed, value }) => ({ seed, value: -value })),
    ...(interval && { interval: { ...interval, low: -interval.high, high: -interval.low } }),
  };
}

function corrected(differences: readonly Comparison[]): Contrast[] {
  const tested = differences.filter(({ pValue }) => pValue !== undefined);
  const values = holm(tested.map(({ pValue }) => pValue as number));
  return differences.map((difference) => {
    const correctedP = values[tested.indexOf(difference)];
    return {
      difference,
      told: correctedP !== undefined && correctedP < significance,
      ...(correctedP !== undefined && { correctedP }),
    };
  });
}
