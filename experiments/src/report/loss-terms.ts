/** The training loss by its parts, of matching and of known queries: a small plot for each. */
import type { ModelSummary, Summary } from '../compare/summary.ts';
import { progressAxis, termAxes } from './axes.ts';
import { csvName, evaluationRows, figure } from './figure.ts';
import { type Html, html } from './html.ts';
import { type PanelSeries, panel } from './panel.ts';
import { type LossPart, type LossTerm, lossTerms, meanCurve, metricValue } from './series.ts';

/** Undefined where no run has these parts. */
export function lossTermsFigure(summary: Summary): Html | undefined {
  const { models, name } = summary;
  const panels = lossTerms.map((term) => termPanel(summary, term));
  if (panels.every((drawn) => drawn === undefined)) return undefined;
  const known = models.some((model) => lossTerms.some((term) => curveOf(model, `tgt_${term}`).length > 0));
  const rows = evaluationRows(summary, (point) => ({
    step: point.step,
    ...Object.fromEntries(parts.map((part) => [part, metricValue(point, part)])),
  }));
  return figure({
    id: 'figure-loss-terms',
    models,
    panels,
    small: true,
    lines: { solid: 'matching queries', dashed: 'known queries' },
    caption: html`<b>Training loss by its parts</b>: those of the last decoder layer, not weighted; means over seeds. ${
      known && 'Known queries begin near their objects, which makes their part easier. '
    }Class losses of different kinds cannot be compared in height.`,
    downloads: [{ label: 'every seed', file: csvName(name, 'loss-terms'), rows }],
  });
}

const parts: readonly LossPart[] = lossTerms.flatMap((term): LossPart[] => [term, `tgt_${term}`]);

const curveOf = (model: ModelSummary, part: LossPart) =>
  meanCurve(model, part, 'step').map(({ x, y, seeds }) => ({ x, y, seeds }));

function termPanel(summary: Summary, term: LossTerm): Html | undefined {
  const series = summary.models.flatMap((model, index): PanelSeries[] => [
    { index, runs: [], mean: curveOf(model, term), dashed: false },
    { index, runs: [], mean: curveOf(model, `tgt_${term}`), dashed: true },
  ]);
  if (series.every(({ mean }) => mean.length === 0)) return undefined;
  const axis = progressAxis('step', summary);
  return panel(series, {
    id: `figure-loss-terms-${term}`,
    description: `${termAxes[term].label} against ${axis.label}, of matching and of known queries; the values are in the data as CSV.`,
    x: axis,
    y: termAxes[term],
    size: { width: 300, height: 250 },
  });
}
