/** Selects the runs that a model's means are computed from, and describes the others. */

import { count } from '../format.ts';
import { pairsOf } from '../summary/comparisons.ts';
import type { ModelSummary, SeedRun, Summary } from '../summary/summary.ts';

/** The finished runs; if a model has none, the unfinished ones, so that there is something to see before the end. */
export function countedRuns({ runs }: ModelSummary): readonly SeedRun[] {
  const evaluated = runs.filter(({ curve, status }) => curve.length > 0 && status !== 'failed');
  const done = evaluated.filter(({ status }) => status === 'done');
  return done.length > 0 ? done : evaluated;
}

/** Whether all counted runs of a model ended on the plateau. */
export function isOnPlateau(model: ModelSummary): boolean {
  const counted = countedRuns(model);
  return counted.length > 0 && counted.every(({ onPlateau }) => onPlateau);
}

/** `still on the plateau`, with the number of seeds; undefined if no run is. */
export function plateauWords(model: ModelSummary): string | undefined {
  const counted = countedRuns(model);
  const stuck = counted.filter(({ onPlateau }) => onPlateau).length;
  if (stuck === 0) return undefined;
  if (counted.length === 1) return 'still on the plateau';
  if (stuck < counted.length) return `still on the plateau in ${stuck} of ${counted.length} seeds`;
  return `still on the plateau in ${stuck === 2 ? 'both' : `all ${stuck}`} seeds`;
}

/** Whether all runs have the same number of steps between evaluations; otherwise their instability cannot be compared. */
export const evaluatedEquallyOften = ({ models }: Summary): boolean =>
  models.every(({ settings }) => !('evaluation.every' in settings));

/** A warning for each baseline that is on the plateau in some of its seeds, because steps ratios to its end mean little. */
export const chanceNotes = ({ models }: Summary, baselines: readonly string[]): string[] =>
  models.flatMap((model) => {
    const plateau = baselines.includes(model.name) ? plateauWords(model) : undefined;
    return plateau ? [`“${model.name}” is ${plateau}: its final value there is little more than chance.`] : [];
  });

/** Whether any two models can be compared at equal times. */
export function timesComparable(summary: Summary): boolean {
  const withheld = summary.notCompared.filter(({ at }) => at === 'seconds').length;
  return withheld === 0 || withheld < pairsOf(summary).length;
}

/** Remarks about runs that did not reach their end, or are not in their model's means. */
export function runNotes(model: ModelSummary): readonly string[] {
  const counted = new Set(countedRuns(model));
  return model.runs.flatMap((run) => {
    if (run.status === 'done' && counted.has(run)) return [];
    const what = { done: 'has no evaluation', stopped: 'is not finished', failed: 'failed' }[run.status];
    const last = run.curve.at(-1);
    const where = last === undefined ? '' : ` (last evaluation at step ${count(last.step)})`;
    const why = run.message === undefined ? '' : `: ${run.message.replace(/\.$/, '')}`;
    const worth = counted.has(run) ? 'its figures are those so far' : 'it is not included in the means';
    return [`${model.name}, seed ${run.seed}, ${what}${where}${why}; ${worth}.`];
  });
}
