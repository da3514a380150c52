/** What the page and the terminal say in the same sentences. */

import { counted } from '@dn-detr/train';
import { pairsOf } from '../compare/statistics.ts';
import type { Comparison, Equal, StepsComparison, Summary } from '../compare/summary.ts';
import { bounds, decimal, duration, listed, percent, signed } from './format.ts';
import { chanceNotes } from './runs.ts';

/** Whether two models differ beyond the seeds' spread, and what the numbers can bear. */
export function comparisonSentence(comparison: Comparison): string {
  const { model, baseline, metric, at, atValue, n, mean, meanDifference, interval, claimsDifference, note } =
    comparison;
  const when = at === 'steps' ? counted(atValue, 'step') : `${duration(atValue)} of training`;
  const figures = `${metric} ${decimal(mean.model)} against ${decimal(mean.baseline)}`;
  const start = `After ${when} ${model} has ${figures} of ${baseline}`;
  if (!interval) return `${start}: ${n === 1 ? 'one seed proves little' : note}.`;
  const known = `${percent(interval.level)} interval ${signed(interval.low)} to ${signed(interval.high)}`;
  return claimsDifference
    ? `${start}: a difference of ${signed(meanDifference)} (${known}, ${n} seeds), beyond the spread of the seeds.`
    : `${start}: the difference of ${signed(meanDifference)} cannot be told from the spread of ${n} seeds (${known}).`;
}

const reasons: Readonly<Record<Equal, string>> = {
  steps:
    'runs whose length is in minutes lower their learning rate after a share of that time, each at a step of its own, so ' +
    'that at equal steps their rates differ',
  seconds: 'their runs were computed with different backends or numbers of CPU cores, or under another load',
};

/** Why models are not compared at equal steps, or at equal seconds: a sentence for each of these. */
export function notComparedSentences(summary: Summary): string[] {
  const all = pairsOf(summary).length;
  return (['steps', 'seconds'] as const).flatMap((at) => {
    const pairs = summary.notCompared.filter((pair) => pair.at === at);
    if (pairs.length === 0) return [];
    const whose = pairs.map(({ model, baseline }) => `${model} and ${baseline}`);
    const which = pairs.length === all ? 'Models' : listed(whose);
    return [`${which} are not compared at equal ${at}: ${reasons[at]}.`];
  });
}

/** How soon a model has what its baseline ends with, and what that is worth. */
export function stepsSentence(comparison: StepsComparison, summary: Summary): string {
  const { model, baseline, metric, n, seeds, ratio, bound, interval } = comparison;
  const target = `the final ${metric} of ${baseline}`;
  const times = `${decimal(ratio, 2)} times its steps`;
  const known = interval ? `${percent(interval.level)} interval ${bounds(interval, twoDigits)}, ` : '';
  const of = n === 1 ? 'one seed, which proves little' : `${n} seeds`;
  const reached = seeds.filter(({ steps }) => steps !== undefined).length;
  const numbers = {
    exact: `${model} has ${target} in ${times} (${known}${of})`,
    'at most': `${model} has ${target} in at most ${times} (a bound, from its first evaluation; ${of})`,
    'at least': `${model} ${reaches(target, reached, n)}: it takes at least ${times} (a bound; ${of})`,
    unknown: `How soon ${model} has ${target} cannot be told`,
  }[bound];
  const worth = chanceNotes(summary, [baseline])
    .map((note) => ` ${note}`)
    .join('');
  return `${numbers}.${worth}`;
}

function reaches(target: string, reached: number, n: number): string {
  if (reached === 0) return `does not reach ${target}`;
  return reached === n ? `reaches ${target}` : `reaches ${target} in only ${reached} of ${n} seeds`;
}

/** `0.45×`, or the bound that is known of it. */
export function stepsRatioWords({ ratio, bound }: Pick<StepsComparison, 'ratio' | 'bound'>): string {
  if (ratio === undefined || bound === 'unknown') return 'not known';
  return `${{ exact: '', 'at least': '≥ ', 'at most': '≤ ' }[bound]}${decimal(ratio, 2)}×`;
}

export const twoDigits = (value: number | undefined): string => decimal(value, 2);

/** The most seeds that a model has. */
export const seedCount = ({ models }: Summary): number => Math.max(0, ...models.map(({ runs }) => runs.length));

export interface SingleSeedWarning {
  readonly claim: string;
  readonly reason: string;
  /** for more seeds; absent where no command that trains made the summary */
  readonly command?: string;
}

/** With a single seed: what that proves, and what to do about it; else undefined. */
export function singleSeedWarning(summary: Summary): SingleSeedWarning | undefined {
  if (seedCount(summary) !== 1) return undefined;
  const { command, finished } = summary;
  const claim = 'One seed proves little.';
  const spread =
    'With other initial weights and another order of the images the same model can come out far better or worse, and a ' +
    'single run does not show by how much.';
  if (!/^npm start($| -- (compare|ablate)\b)/.test(command)) return { claim, reason: spread };
  // Runs of an unfinished comparison come in one after another: of how many seeds they are is not known yet.
  if (!finished)
    return { claim, reason: `${spread} Not all runs that were asked for are done; this goes on with them:`, command };
  return { claim, reason: `${spread} For three seeds:`, command: withThreeSeeds(command) };
}

/** The same for a terminal; none with several seeds. */
export function warningLines(summary: Summary): string[] {
  const warning = singleSeedWarning(summary);
  if (warning === undefined) return [];
  return [`${warning.claim} ${warning.reason}`, ...(warning.command === undefined ? [] : [`  ${warning.command}`])];
}

function withThreeSeeds(command: string): string {
  if (/\s--seeds[\s=]/.test(command)) return command.replace(/\s--seeds[\s=]\S+/, ' --seeds 3');
  return command.includes(' -- ') ? `${command} --seeds 3` : `${command} -- compare --seeds 3`;
}
