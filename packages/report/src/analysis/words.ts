/** Sentences that the page and the terminal share. */

import { decimal, listed } from '../format.ts';
import { pairsOf } from '../summary/comparisons.ts';
import type { Equal, StepsComparison, Summary } from '../summary/summary.ts';

const reasons: Readonly<Record<Equal, string>> = {
  steps:
    'runs whose length is in minutes lower their learning rate after a fraction of that time, each at a different step, so ' +
    'that at equal steps their rates differ',
  seconds: 'their runs were computed with different backends or numbers of CPU cores, or under a different load',
};

/** Sentences that explain why models are not compared at equal steps or at equal seconds. */
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

/** The ratio as `0.45×`, or its bound if only that is known. */
export function stepsRatioWords({ ratio, bound }: Pick<StepsComparison, 'ratio' | 'bound'>): string {
  if (ratio === undefined || bound === 'unknown') return 'not known';
  return `${{ exact: '', 'at least': '≥ ', 'at most': '≤ ' }[bound]}${decimal(ratio, 2)}×`;
}

export const twoDigits = (value: number | undefined): string => decimal(value, 2);

/** The largest number of seeds of any model. */
export const seedCount = ({ models }: Summary): number => Math.max(0, ...models.map(({ runs }) => runs.length));
