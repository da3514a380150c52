/** Which of a model's runs its means are of. */
import type { ModelSummary, SeedRun } from '../compare/summary.ts';

/** The runs that finished; of a model without such, those that were stopped, to see something before the end. */
export function countedRuns({ runs }: ModelSummary): readonly SeedRun[] {
  const evaluated = runs.filter(({ curve, status }) => curve.length > 0 && status !== 'failed');
  const done = evaluated.filter(({ status }) => status === 'done');
  return done.length > 0 ? done : evaluated;
}

/** Whether all of a model's means are of runs that ended on the plateau. */
export function isOnPlateau(model: ModelSummary): boolean {
  const counted = countedRuns(model);
  return counted.length > 0 && counted.every(({ onPlateau }) => onPlateau);
}

/** `still on the plateau`, of how many seeds; undefined where none is. */
export function plateauWords(model: ModelSummary): string | undefined {
  const counted = countedRuns(model);
  const stuck = counted.filter(({ onPlateau }) => onPlateau).length;
  if (stuck === 0) return undefined;
  if (counted.length === 1) return 'still on the plateau';
  return `still on the plateau in ${stuck === counted.length ? `all ${stuck}` : `${stuck} of ${counted.length}`} seeds`;
}

/** What a run that is not in its model's means, or did not get to its end, must have said of it. */
export function runNotes(model: ModelSummary): readonly string[] {
  const counted = new Set(countedRuns(model));
  return model.runs.flatMap((run) => {
    if (run.status === 'done' && counted.has(run)) return [];
    const last = run.curve.at(-1);
    const where = last === undefined ? 'before its first evaluation' : `after its evaluation at step ${last.step}`;
    const what = { done: 'has no evaluation', stopped: `was stopped ${where}`, failed: `failed ${where}` }[run.status];
    const why = run.message === undefined ? '' : `: ${run.message.replace(/\.$/, '')}`;
    return [
      `${model.name}, seed ${run.seed}, ${what}${why}; ${counted.has(run) ? 'its figures are as of then' : 'it is in no mean'}.`,
    ];
  });
}
