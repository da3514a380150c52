/** The training loss by its parts, of matching and of known queries: a small plot for each, as their scales lie far apart. */
import { figure as lossFigure } from '@dn-detr/core/loss';
import { isOnPlateau } from '../analysis/runs.ts';
import { type LossPart, meanCurve, metricValue } from '../analysis/series.ts';
import { type Html, html } from '../markup/html.ts';
import type { Summary } from '../summary/summary.ts';
import { progressAxis } from './axes.ts';
import { csvName, evaluationRows, figure } from './figure.ts';
import { type PanelAxis, type PanelSeries, panel } from './panel.ts';

/** Undefined where no run has these parts. */
export function lossTermsFigure(summary: Summary): Html | undefined {
  const { models, name } = summary;
  const parts = partsOf(summary);
  const panels = parts.map((part) => partPanel(summary, part));
  if (panels.every((drawn) => drawn === undefined)) return undefined;
  const known = parts.some((part, i) => part.known && panels[i] !== undefined);
  const rows = evaluationRows(summary, (point) => ({
    step: point.step,
    ...Object.fromEntries(parts.map((part) => [part.name, metricValue(point, part)])),
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

interface DrawnPart extends LossPart {
  readonly known: boolean;
  readonly axis: PanelAxis;
}

/** The terms that come with the toolkit, of matching and of known queries. */
const commonParts: readonly DrawnPart[] = [false, true].flatMap((known) =>
  Object.entries({ loss_ce: 'class loss', loss_bbox: 'L1 loss', loss_giou: 'GIoU loss' }).map(([quantity, words]) => ({
    name: lossFigure({ quantity, kind: 'term', set: 'decoder', known, layer: 0, last: true }).name,
    known,
    axis: { label: `${known ? 'known' : 'matching'}: ${words} (log scale)`, log: true },
  })),
);

/** These, and behind them those that only the runs know, under the names of their logs. */
function partsOf({ models }: Summary): readonly DrawnPart[] {
  const names = models.flatMap(({ runs }) =>
    runs.flatMap(({ curve }) => curve.flatMap(({ losses }) => Object.keys(losses))),
  );
  const others = [...new Set(names)].filter((name) => commonParts.every((part) => part.name !== name));
  return [
    ...commonParts,
    ...others.map((name) => ({ name, known: false, axis: { label: `${name} (log scale)`, log: true } })),
  ];
}

function partPanel(summary: Summary, part: DrawnPart): Html | undefined {
  const series = summary.models.map((model, index): PanelSeries => {
    const mean = meanCurve(model, part, 'step').map(({ x, y, seeds }) => ({ x, y, seeds }));
    return { index, runs: [], mean, dashed: isOnPlateau(model) };
  });
  if (series.every(({ mean }) => mean.length === 0)) return undefined;
  const axis = progressAxis('step', summary);
  return panel(series, {
    id: `figure-loss-terms-${part.name}`,
    description: `${part.axis.label} against ${axis.label}; the values are in the data as CSV.`,
    x: axis,
    y: part.axis,
    size: { width: 300, height: 250 },
  });
}
