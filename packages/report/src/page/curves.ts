/** Curves of metrics over training: over steps and, if runs are comparable, over time, side by side. */

import { counted } from '@dn-detr/train';
import { countedRuns, isOnPlateau, timesComparable } from '../analysis/runs.ts';
import { bandLevel, type Metric, meanCurve, metricValue, type Progress, seedCurve } from '../analysis/series.ts';
import { ap, decimal, percent } from '../format.ts';
import { type Content, type Html, html } from '../markup/html.ts';
import type { ModelSummary, Summary } from '../summary/summary.ts';
import { metricAxes, progressAxis } from './axes.ts';
import { csvName, type Download, evaluationRows, figure } from './figure.ts';
import { type PanelSeries, panel } from './panel.ts';

/**
 * Makes the figure of a metric; undefined if no model has a value.
 *
 * @param axes - Quantities on the horizontal axes; by default steps and, if runs are comparable, seconds.
 */
export function curveFigure(
  summary: Summary,
  metric: Metric,
  caption: Content,
  axes: readonly Progress[] = timesComparable(summary) ? ['step', 'seconds'] : ['step'],
): Html | undefined {
  const id = `figure-${metric}`;
  const panels = axes.map((progress) => curvePanel(id, summary, metric, progress));
  if (panels.every((drawn) => drawn === undefined)) return undefined;
  const several = summary.models.some((model) => countedRuns(model).length > 1);
  const downloads = [
    bySeed(summary, metric),
    ...(several ? axes.map((progress) => means(summary, metric, progress)) : []),
  ];
  return figure({ id, models: summary.models, panels, caption, downloads });
}

/**
 * Makes one panel; undefined if no model has a value to draw.
 *
 * @param figureId - Id of the panel's figure, since several figures may contain the same panel.
 */
export function curvePanel(figureId: string, summary: Summary, metric: Metric, progress: Progress): Html | undefined {
  const axis = progressAxis(progress, summary);
  const scaled = <P extends { readonly x: number }>(points: readonly P[]): P[] =>
    points.map((point) => ({ ...point, x: axis.scale(point.x) }));
  const series = summary.models.map(
    (model, index): PanelSeries => ({
      index,
      dashed: isOnPlateau(model),
      mean: scaled(meanCurve(model, metric, progress)),
      runs: model.runs.map((run) => ({
        points: scaled(seedCurve(run, metric, progress)),
        dashed: run.onPlateau,
        failed: run.status === 'failed',
      })),
    }),
  );
  if (series.every(({ runs }) => runs.every(({ points }) => points.length === 0))) return undefined;
  const { label } = metricAxes[metric];
  return panel(series, {
    id: `${figureId}-${metric}-${progress}`,
    description: `${label} against ${axis.label}. At the end: ${summary.models.map((model) => endWords(model, metric)).join('; ')}.`,
    x: axis,
    y: metricAxes[metric],
  });
}

function endWords(model: ModelSummary, metric: Metric): string {
  const end = meanCurve(model, metric, 'step').at(-1);
  if (end === undefined) return `${model.name}: no value`;
  const value = metric.startsWith('AP') ? ap(end.y) : decimal(end.y);
  return `${model.name} ${value}${end.seeds > 1 ? `, mean of ${counted(end.seeds, 'seed')}` : ''}`;
}

function bySeed(summary: Summary, metric: Metric): Download {
  const rows = evaluationRows(summary, (point, { status }) => ({
    status,
    step: point.step,
    epoch: point.epoch,
    seconds: point.seconds,
    [metric]: metricValue(point, metric),
  }));
  return { label: 'every seed', file: csvName(summary.name, `${metric}-seeds`), rows };
}

function means(summary: Summary, metric: Metric, progress: Progress): Download {
  const rows = summary.models.flatMap((model) =>
    meanCurve(model, metric, progress).map(({ x, y, low, high, seeds }) => ({
      model: model.name,
      [progress === 'step' ? 'step' : 'seconds']: x,
      [metric]: y,
      low,
      high,
      seeds,
    })),
  );
  const { words } = progressAxis(progress, summary);
  return { label: `means against ${words}`, file: csvName(summary.name, `${metric}-means-${words}`), rows };
}

/** Explains the elements that all curves share, for the caption of the first figure. */
export function curveKey({ models }: Summary): Content {
  const several = models.some((model) => countedRuns(model).length > 1);
  const stuck = models.some(({ runs }) => runs.some(({ onPlateau }) => onPlateau));
  const failed = models.some(({ runs }) => runs.some(({ status }) => status === 'failed'));
  return html`Lines are ${several ? `means over seeds, bands their ${percent(bandLevel)} intervals (from three seeds on), thin lines individual seeds` : 'single runs'}. ${stuck && 'Dashed: still on the plateau near 0 when the run ended. '}${failed && 'A cross marks the end of a run that failed.'}`;
}
