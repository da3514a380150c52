/** All measured figures: the last evaluation, and the differences between models. */

import { counted } from '@dn-detr/train';
import { contrastsOf } from '../analysis/contrasts.ts';
import { chanceNotes, runNotes, timesComparable } from '../analysis/runs.ts';
import { notComparedSentences, stepsRatioWords } from '../analysis/words.ts';
import { ap, bounds, count, dash, duration, percent, pValue, signed } from '../format.ts';
import { type Html, html } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import { dataTable } from '../markup/table.ts';
import type { Comparison, Summary } from '../summary/summary.ts';
import { ablationResults } from './ablation.ts';
import { curveFigure } from './curves.ts';
import { resultsTable } from './results.ts';

export function statisticsSection(summary: Summary): Html {
  const { ablation, comparisons, stepsRatios, models } = summary;
  const notes = models.flatMap(runNotes);
  return html`${notes.length > 0 && html`<ul class="notice">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
${ablation ? ablationResults(summary, ablation) : resultsTable(summary)}
${notComparedSentences(summary).map((sentence) => html`<p>${sentence}</p>`)}
${otherCurves(summary)}
${
  comparisons.length > 0 &&
  html`<details id="all-differences"><summary>Differences of all models (${comparisons.length})</summary>
${differenceTable(comparisons)}
</details>`
}
${
  stepsRatios.length > 0 &&
  html`<details id="steps-by-seed"><summary>Steps to the final value of a baseline, seed by seed</summary>
${stepsTable(summary)}
</details>`
}`;
}

/** The curves of AP or AP50, whichever is not at the top of the page. */
function otherCurves(summary: Summary): Html | undefined {
  const metric = contrastsOf(summary).metric === 'AP' ? 'AP50' : 'AP';
  const time = timesComparable(summary) && ' and training time, without evaluations';
  return curveFigure(summary, metric, html`<b>${metric}</b> over training steps${time}.`);
}

/** Maximum number of seeds that are listed; more are only counted. */
const mostNamed = 6;

function differenceTable(comparisons: readonly Comparison[]): Html {
  const level = comparisons.find(({ interval }) => interval)?.interval?.level;
  return dataTable({
    id: 'table-differences',
    caption: html`<b>Differences</b> over the seeds that both models have${
      level !== undefined &&
      `, with the ${percent(level)} Student-t interval and the p-value of the two-sided paired t-test, not corrected for the number of comparisons (${comparisons.length})`
    }.`,
    head: [
      'Model − baseline',
      'Metric',
      'After',
      'Seeds',
      'Model',
      'Baseline',
      'Difference',
      'Interval',
      html`<span class="whole">p-value</span>`,
    ],
    text: [1, 2],
    rows: comparisons.map(
      ({ model, baseline, metric, at, atValue, n, differences, mean, meanDifference, interval, pValue: p }) => [
        html`${modelName(model)} − ${modelName(baseline)}`,
        metric,
        html`<span class="whole">${at === 'steps' ? counted(atValue, 'step') : duration(atValue)}</span>`,
        n > mostNamed ? n : differences.map(({ seed }) => seed).join(', '),
        ap(mean.model),
        ap(mean.baseline),
        signed(meanDifference),
        interval === undefined ? dash : bounds(interval),
        pValue(p),
      ],
    ),
  });
}

function stepsTable(summary: Summary): Html {
  const { stepsRatios } = summary;
  const baselines = stepsRatios.map(({ baseline }) => baseline);
  return dataTable({
    id: 'table-steps',
    caption: html`<b>Steps to the final value of the baseline</b>, by seed. The baseline's steps are those of its complete run. For some
ratios only a bound is known (≤ or ≥), for example if a model had the value by its first evaluation or never reached it. ${chanceNotes(summary, baselines).join(' ')}`,
    head: ['Model, baseline', 'Metric', 'Seed', 'Value to reach', 'Steps', "Baseline's steps", 'Ratio'],
    text: [1],
    rows: stepsRatios.flatMap(({ model, baseline, metric, seeds }) =>
      seeds.map((seed) => [
        html`${modelName(model)}, ${modelName(baseline)}`,
        metric,
        seed.seed,
        ap(seed.target),
        seed.steps === undefined ? 'not reached' : count(seed.steps),
        count(seed.baselineSteps),
        stepsRatioWords(seed),
      ]),
    ),
  });
}
