/** The terms of the training loss for matching and known queries: one small plot each, since their scales differ widely. */
import { figure as lossFigure } from '@dn-detr/core/loss';
import { isOnPlateau } from '../analysis/runs.ts';
import { type LossPart, meanCurve, metricValue } from '../analysis/series.ts';
import { type Html, html } from '../markup/html.ts';
import type { Summary } from '../summary/summary.ts';
import { progressAxis } from './axes.ts';
import { csvName, evaluationRows, figure } from './figure.ts';
import { type PanelAxis, type PanelSeries, panel } from './panel.ts';

/** The figure; undefined if no run has these terms. */
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
    caption: html`<b>Terms of the training loss</b>: unweighted, for the last decoder layer; means over seeds. ${
      known && 'Known queries start near their objects, which makes their terms easier. '
    }The heights of class losses of different kinds cannot be compared.`,
    downloads: [{ label: 'every seed', file: csvName(name, 'loss-terms'), rows }],
  });
}

interface DrawnPart extends LossPart {
  readonly known: boolean;
  readonly axis: PanelAxis;
}

/** The toolkit's own terms, for matching and known queries. */
const commonParts: readonly DrawnPart[] = [false, true].flatMap((known) =>
  Object.entries({ loss_ce: 'class loss', loss_bbox: 'L1 loss', loss_giou: 'GIoU loss' }).map(([quantity, words]) => ({
    name: lossFigure({ quantity, kind: 'term', set: 'decoder', known, layer: 0, last: true }).name,
    known,
    axis: { label: `${known ? 'known' : 'matching'}: ${words} (log scale)`, log: true },
  })),
);

/** The toolkit's own terms, followed by others in the runs' logs, under the names that they have there. */
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
