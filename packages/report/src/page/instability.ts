/** Instability of the matching, next to AP and at equal AP, because on its own it would flatter a model that learns nothing. */
import { stepsToReach } from '@dn-detr/metrics';
import { countedRuns, evaluatedEquallyOften, isOnPlateau } from '../analysis/runs.ts';
import { average, meanCurve, metricValue, seedCurve } from '../analysis/series.ts';
import { decimal, listed } from '../format.ts';
import { type Html, html } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import { dataTable } from '../markup/table.ts';
import { valueAt, type XY } from '../summary/interpolation.ts';
import type { ModelSummary, Summary } from '../summary/summary.ts';
import { metricAxes } from './axes.ts';
import { curvePanel } from './curves.ts';
import { csvName, evaluationRows, figure } from './figure.ts';
import { type PanelSeries, panel } from './panel.ts';
import { settingOf } from './settings.ts';

/** The section; undefined if instability was never measured. */
export function instabilitySection(summary: Summary): Html | undefined {
  const { models, name } = summary;
  const id = 'figure-instability';
  const beside = (['instability', 'AP50'] as const).map((metric) => curvePanel(id, summary, metric, 'step'));
  if (beside[0] === undefined) return undefined;
  if (!evaluatedEquallyOften(summary)) {
    return html`<p>Instability counts the queries whose object differs from the previous evaluation. These runs were not evaluated
equally often (<code>evaluation.every</code>), and over more steps more matches change, so their instability cannot be
compared.</p>`;
  }
  const rows = evaluationRows(summary, (point) => ({
    step: point.step,
    AP: metricValue(point, 'AP'),
    AP50: metricValue(point, 'AP50'),
    instability: point.instability,
    instabilityRaw: point.instabilityRaw,
  }));
  const downloads = [{ label: 'every seed', file: csvName(name, 'instability-seeds'), rows }];
  return html`<p>Instability counts the queries per image whose object (or lack of one) differs from the previous evaluation: IS.
With M objects per image, IS / (2M) is 0 if no query changed its object, and 1 if every object moved to a query that had none;
an exchange between two objects counts as one move, not two. <strong>Low instability is no merit in itself: a model that is
stuck on the plateau changes few matches.</strong> It is therefore shown next to AP50, and at equal AP50.</p>
${rankNote(summary)}
${figure({
  id,
  models,
  panels: beside,
  caption: html`<b>Instability and AP50</b> over training steps.`,
  downloads,
})}
${figure({
  id: 'figure-equal-AP',
  models,
  panels: [againstAp(summary), equalApTable(models)],
  caption: html`<b>Instability at equal AP50.</b> Each line connects a model's evaluations in their order, so learning moves to the
right. The table gives the instability at which a curve first reaches an AP50, interpolated linearly between evaluations.`,
  downloads,
})}`;
}

/** A note about models that choose queries for each image; undefined if there are none. */
function rankNote(summary: Summary): Html | undefined {
  const chosen = summary.models.filter((model) => choosesQueries(model, summary)).map(({ name }) => name);
  if (chosen.length === 0) return undefined;
  const whose = chosen.length === 1 ? 'Its' : 'Their';
  return html`<p>${listed(chosen)} choose${chosen.length === 1 && 's'} the queries of an image by the encoder's scores: the index of such a query is a rank in this image and not an
identity, and when the order changes, objects change their queries. ${whose} instability includes these changes, and should not be
compared with that of models with fixed queries.</p>`;
}

/** Whether a model is two-stage, as DINO always is. */
const choosesQueries = (model: ModelSummary, summary: Summary): boolean =>
  settingOf(model, summary, 'model.name') === 'dino' || settingOf(model, summary, 'model.twoStage') === true;

function againstAp({ models }: Summary): Html {
  const series = models.map((model, index): PanelSeries => {
    const steps = meanCurve(model, 'AP50', 'step');
    return {
      index,
      dashed: isOnPlateau(model),
      runs: model.runs.map(({ curve, onPlateau, status }) => ({
        points: curve.flatMap((point) => {
          const [x, y] = [metricValue(point, 'AP50'), metricValue(point, 'instability')];
          return x === undefined || y === undefined ? [] : [{ x, y }];
        }),
        dashed: onPlateau,
        failed: status === 'failed',
      })),
      mean: meanCurve(model, 'instability', 'step').flatMap(({ x: step, y, seeds }) => {
        const at = steps.find(({ x }) => x === step);
        return at === undefined ? [] : [{ x: at.y, y, seeds }];
      }),
    };
  });
  return panel(series, {
    id: 'figure-equal-AP-panel',
    description: 'Instability against AP50, a line for each model; the values are in the data as CSV.',
    x: metricAxes.AP50,
    y: metricAxes.instability,
  });
}

/** Largest number of models for which the table fits next to a panel. */
const mostBeside = 3;
const levels = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const mostRows = 6;

function equalApTable(models: readonly ModelSummary[]): Html {
  const rows = levels
    .map((level) => ({ level, found: models.map((model) => instabilityAt(model, level)) }))
    // An AP50 that only one model reaches allows no comparison.
    .filter(({ found }) => found.filter((values) => values.length > 0).length > 1)
    .slice(-mostRows);
  if (rows.length === 0) {
    return html`<p class="beside">No two models reached the same AP50 of at least ${levels[0]} while their instability was known, so
instability at equal AP50 cannot be compared.</p>`;
  }
  const table = dataTable({
    id: 'table-equal-AP',
    caption:
      'Mean instability when an AP50 is first reached; in brackets, the number of seeds that reached it, if not all.',
    head: ['AP50', ...models.map(({ name }) => modelName(name))],
    rows: rows.map(({ level, found }) => [
      decimal(level, 2),
      ...found.map((values, i) => {
        const all = countedRuns(models[i] as ModelSummary).length;
        if (values.length === 0) return decimal(undefined);
        return `${decimal(average(values))}${values.length < all ? ` (${values.length} of ${all})` : ''}`;
      }),
    ]),
  });
  return models.length > mostBeside ? html`<div class="wide">${table}</div>` : table;
}

/** Instability of the runs that reach the AP50 while their instability is known. */
function instabilityAt(model: ModelSummary, level: number): number[] {
  return countedRuns(model).flatMap((run) => {
    const reached = reachedAt(seedCurve(run, 'AP50', 'step'), level);
    const curve = seedCurve(run, 'instability', 'step');
    const [first, last] = [curve[0], curve.at(-1)];
    if (reached === undefined || first === undefined || last === undefined) return [];
    return reached < first.x || reached > last.x ? [] : [valueAt(curve, reached)];
  });
}

function reachedAt(curve: readonly XY[], level: number): number | undefined {
  if (curve.length === 0) return undefined;
  return stepsToReach(
    curve.map(({ x, y }) => ({ step: x, value: y })),
    level,
  );
}
