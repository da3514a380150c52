/** The final table of a comparison. */

import { type Estimate, estimateWords, finalTable, intervalLevel } from '../analysis/final-rows.ts';
import { chanceNotes, isOnPlateau, timesComparable } from '../analysis/runs.ts';
import { seedCount, stepsRatioWords, twoDigits } from '../analysis/words.ts';
import { ap, bounds, dash, decimal, percent, secondsAStep } from '../format.ts';
import { type Content, type Html, html } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import { dataTable } from '../markup/table.ts';
import type { StepsComparison, Summary } from '../summary/summary.ts';
import { seriesSwatch } from './panel.ts';

export function resultsTable(summary: Summary): Html {
  const { baselines, rows } = finalTable(summary);
  const level = intervalLevel(rows);
  const timed = timesComparable(summary);
  return dataTable({
    id: 'table-results',
    caption: html`<b>The last evaluation</b>${seedCount(summary) > 1 && ': means over seeds'}${
      level !== undefined && `, ± half of their ${percent(level)} Student-t interval`
    }.${
      baselines.length > 0 &&
      ` Steps: those that a model needs to reach the final AP50 of another model, as a multiple of that model's steps; below 1 it is faster, and ≤ and ≥ are bounds. ${chanceNotes(summary, baselines).join(' ')}`
    }`,
    head: [
      'Model',
      'Seeds',
      'AP',
      'AP50',
      'AP75',
      ...(timed ? [html`Seconds per&nbsp;step`] : []),
      ...baselines.map((baseline) => html`Steps to AP50 of ${modelName(baseline)}`),
      'Instability',
    ],
    rows: rows.map((row, index) => [
      html`<span class="model">${seriesSwatch(index, isOnPlateau(row.model))}<span>${modelName(row.model.name)}${
        row.plateau && html` <span class="remark">${row.plateau}</span>`
      }</span></span>`,
      row.seeds,
      ...[row.AP, row.AP50, row.AP75].map(estimateCell),
      ...(timed ? [secondsAStep(row.secondsAStep)] : []),
      ...row.stepsRatios.map(ratioCell),
      decimal(row.instability.mean),
    ]),
  });
}

function estimateCell(estimate: Estimate): Content {
  const [mean, half] = estimateWords(estimate, ap).split(' ± ');
  return half === undefined ? mean : html`${mean}<span class="bounds"> ± ${half}</span>`;
}

function ratioCell(ratio: StepsComparison | undefined): Content {
  if (ratio === undefined) return dash;
  const interval = ratio.interval && html`<br><span class="bounds">${bounds(ratio.interval, twoDigits)}</span>`;
  return html`${stepsRatioWords(ratio)}${interval}`;
}
