/** Draws the final figure of an ablation's cells as SVG: each seed, and means with intervals. */
import * as Plot from '@observablehq/plot';
import type { AblationRow } from '../analysis/ablation-rows.ts';
import { countedRuns } from '../analysis/runs.ts';
import { ap } from '../format.ts';
import { type Html, html } from '../markup/html.ts';
import { seriesStyle } from '../markup/palette.ts';
import type { AblationHeading } from '../summary/summary.ts';
import { drawing, plotDocument, plotFrame } from './panel.ts';

/** Undefined if no cell has a value. */
export function cellPanel(
  rows: readonly AblationRow[],
  metric: 'AP' | 'AP50',
  scale: AblationHeading['scale'],
): Html | undefined {
  const cells = rows.flatMap((row, index) => {
    const { mean, interval } = row[metric];
    if (mean === undefined) return [];
    const x = scale?.values[row.model.name] ?? row.model.name;
    // AP lies in 0..1, although the interval of few seeds may not.
    const band = interval && { low: Math.max(0, interval.low), high: Math.min(1, interval.high) };
    const seeds = countedRuns(row.model).flatMap(({ final }) => (final ? [final[metric]] : []));
    return [{ x, mean, band, seeds, style: seriesStyle(index), name: row.model.name }];
  });
  if (cells.length === 0) return undefined;
  const most = Math.max(0.05, ...cells.flatMap(({ mean, seeds }) => [1.3 * mean, ...seeds]));
  const label = scale?.label ?? null;
  const svg = Plot.plot({
    ...plotFrame,
    marginTop: 28,
    document: plotDocument,
    x: scale
      ? { label, labelAnchor: 'center', labelArrow: 'none', inset: 12 }
      : { type: 'point', label, padding: 0.5, domain: cells.map(({ x }) => x) },
    y: { label: metric, labelArrow: 'none', grid: true, domain: [0, most], nice: true, ticks: 5 },
    marks: [
      // The line is ordered by the scale, on which the first cell, the baseline, need not come first.
      scale ? Plot.line(cells, { x: 'x', y: 'mean', sort: 'x', stroke: 'var(--muted)', strokeWidth: 1 }) : undefined,
      cells.map(({ x, mean, band, seeds, style: { color, symbol } }) => [
        band &&
          Plot.ruleX([x], {
            y1: band.low,
            y2: band.high,
            stroke: color,
            strokeWidth: 2.2,
            strokeOpacity: 0.6,
            clip: true,
          }),
        Plot.dot(seeds, { x: () => x, dx: -10, y: Plot.identity, r: 2.2, fill: color, fillOpacity: 0.6 }),
        Plot.dot([mean], {
          x: () => x,
          y: Plot.identity,
          r: 5,
          fill: color,
          symbol,
          stroke: 'var(--background)',
          strokeWidth: 1,
        }),
      ]),
    ],
  });
  const words = cells.map(({ name, mean }) => `${name} ${ap(mean)}`).join('; ');
  return html`<div class="panel" role="img" aria-label="${metric} by cell: ${words}">${drawing(svg, `cells-${metric}`)}</div>`;
}
