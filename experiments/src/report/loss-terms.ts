/** The training loss by its parts, of matching and of known queries: a small plot for each, as their scales lie far apart. */
import type { Summary } from '../compare/summary.ts';
import { partAxes, progressAxis } from './axes.ts';
import { csvName, evaluationRows, figure } from './figure.ts';
import { type Html, html } from './html.ts';
import { type PanelSeries, panel } from './panel.ts';
import { isOnPlateau } from './runs.ts';
import { type LossPart, lossTerms, meanCurve, metricValue } from './series.ts';

/** Undefined where no run has these parts. */
export function lossTermsFigure(summary: Summary): Html | undefined {
  const { models, name } = summary;
  const panels = parts.map((part) => partPanel(summary, part));
  if (panels.every((drawn) => drawn === undefined)) return undefined;
  const known = panels.slice(lossTerms.length).some((drawn) => drawn !== undefined);
  const rows = evaluationRows(summary, (point) => ({
    step: point.step,
    ...Object.fromEntries(parts.map((part) => [part, metricValue(point, part)])),
  }));
  return figure({
    id: 'figure-loss-terms',
    models,
    panels,
    small: true,
    caption: html`<b>Training loss by its parts</b>: those of the last decoder layer, not weighted; means over seeds. ${
      known && 'Known queries begin near their objects, which makes their part easier. '
    }Class losses of different kinds cannot be compared in height.`,
    downloads: [{ label: 'every seed', file: csvName(name, 'loss-terms'), rows }],
  });
}

const parts: readonly LossPart[] = [...lossTerms, ...lossTerms.map((term): LossPart => `tgt_${term}`)];

function partPanel(summary: Summary, part: LossPart): Html | undefined {
  const series = summary.models.map((model, index): PanelSeries => {
    const mean = meanCurve(model, part, 'step').map(({ x, y, seeds }) => ({ x, y, seeds }));
    return { index, runs: [], mean, dashed: isOnPlateau(model) };
  });
  if (series.every(({ mean }) => mean.length === 0)) return undefined;
  const axis = progressAxis('step', summary);
  return panel(series, {
    id: `figure-loss-terms-${part}`,
    description: `${partAxes[part].label} against ${axis.label}; the values are in the data as CSV.`,
    x: axis,
    y: partAxes[part],
    size: { width: 300, height: 250 },
  });
}
