/** The results of an ablation: the final AP50 of its cells, as a figure and a table. */

import { type AblationRow, ablationRows, differenceWords, testWords } from '../analysis/ablation-rows.ts';
import { comparedAt } from '../analysis/contrasts.ts';
import { estimateWords, intervalLevel } from '../analysis/final-rows.ts';
import { countedRuns, timesComparable } from '../analysis/runs.ts';
import { ap, percent, secondsAStep } from '../format.ts';
import { type Html, html } from '../markup/html.ts';
import { dataTable } from '../markup/table.ts';
import type { AblationHeading, Summary } from '../summary/summary.ts';
import { cellPanel } from './cell-panel.ts';
import { csvName, figure } from './figure.ts';

export function ablationResults(summary: Summary, ablation: AblationHeading): Html {
  const rows = ablationRows(summary);
  return html`<dl>
<div><dt>Claim</dt><dd>${ablation.claim}</dd></div>
<div><dt>Source</dt><dd>${ablation.source}</dd></div>
</dl>
${cellFigure(summary, ablation, rows)}
${cellTable(summary, rows)}`;
}

function cellFigure(summary: Summary, { scale }: AblationHeading, rows: readonly AblationRow[]): Html | undefined {
  const panels = (['AP50', 'AP'] as const).map((metric) => cellPanel(rows, metric, scale));
  if (panels.every((drawn) => drawn === undefined)) return undefined;
  const data = summary.models.flatMap((model) =>
    countedRuns(model).flatMap(({ seed, final }) =>
      final ? [{ cell: model.name, value: scale?.values[model.name], seed, AP: final.AP, AP50: final.AP50 }] : [],
    ),
  );
  return figure({
    id: 'figure-cells',
    models: summary.models,
    panels,
    caption: html`<b>AP50 and AP of each cell</b> at the last evaluation. Small dots are seeds, large dots their means, and lines the
means’ Student-t intervals.`,
    downloads: [{ label: 'every seed', file: csvName(summary.name, 'cells'), rows: data }],
  });
}

function cellTable(summary: Summary, rows: readonly AblationRow[]): Html {
  const [level, test] = [intervalLevel(rows), testWords(rows)];
  const timed = timesComparable(summary);
  const first = rows[0]?.model.name ?? '';
  return dataTable({
    id: 'table-cells',
    caption: html`<b>Cells at the last evaluation</b>, and the difference of their AP50 from “${first}” at equal ${comparedAt(summary)}${
      level !== undefined && `: means over seeds, ± half of their ${percent(level)} Student-t interval`
    }${test !== undefined && `; p-values ${test}`}.`,
    head: [
      'Cell',
      'Seeds',
      'AP',
      'AP50',
      ...(timed ? [html`Seconds per&nbsp;step`] : []),
      'Difference',
      html`<span class="whole">p-value</span>`,
    ],
    rows: rows.map((row) => [
      html`${row.model.name}${row.plateau && html` <span class="remark">${row.plateau}</span>`}`,
      row.seeds,
      estimateWords(row.AP, ap),
      estimateWords(row.AP50, ap),
      ...(timed ? [secondsAStep(row.secondsAStep)] : []),
      ...differenceWords(row),
    ]),
  });
}
