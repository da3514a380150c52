/** Draws one plot: the curves of all models in a pair of axes, as SVG with the page's colours. */
import * as Plot from '@observablehq/plot';
import { JSDOM } from 'jsdom';
import type { MeanPoint } from '../analysis/series.ts';
import { type Html, html, trusted } from '../markup/html.ts';
import { seriesStyle } from '../markup/palette.ts';
import type { XY } from '../summary/interpolation.ts';

export interface PanelSeries {
  /** Index of the model in the comparison, which determines its colour and marker. */
  readonly index: number;
  /** The runs, drawn as thin lines. */
  readonly runs: readonly { readonly points: readonly XY[]; readonly dashed: boolean; readonly failed: boolean }[];
  /** The mean, drawn as a strong line with a band where it has bounds. */
  readonly mean: readonly MeanPoint[];
  readonly dashed: boolean;
}

export interface PanelAxis {
  readonly label: string;
  readonly log?: boolean;
  /** A range that a linear axis always includes. @defaultValue `[0, 0]` */
  readonly least?: readonly [number, number];
  /** A second scale above the plot, whose unit is `unit` units of the first. */
  readonly above?: { readonly label: string; readonly unit: number };
}

export interface PanelOptions {
  /** An id that is unique on the page, for names within the SVG. */
  readonly id: string;
  /** Alternative text for readers who cannot see the plot. */
  readonly description: string;
  readonly x: PanelAxis;
  readonly y: PanelAxis;
  /** Size in pixels. @defaultValue the size of `plotFrame`, two in a row */
  readonly size?: { readonly width: number; readonly height: number };
}

const dashes = '5 3.5';
/** Maximum number of markers on a line; more would hide it. */
const mostMarkers = 9;

/** The document in which plots are built; they are never laid out in it. */
export const plotDocument = new JSDOM('').window.document;

/** Size and margins of every plot, so that two of them fit side by side. */
export const plotFrame = {
  width: 440,
  height: 280,
  marginTop: 46,
  marginLeft: 44,
  marginRight: 12,
  marginBottom: 40,
  style: { fontSize: '12px', fontFamily: 'inherit' },
} as const;

/** @param series - Curves with at least one point to draw in total. */
export function panel(series: readonly PanelSeries[], { id, description, x, y, size }: PanelOptions): Html {
  const drawn = series.flatMap(({ runs, mean }) => [...runs.flatMap(({ points }) => points), ...mean]);
  const svg = Plot.plot({
    ...plotFrame,
    ...size,
    document: plotDocument,
    x: {
      ...scale(
        drawn.map((point) => point.x),
        x,
      ),
      labelAnchor: 'center',
      ticks: 5,
    },
    y: { ...scale([...drawn.map((point) => point.y), ...bandTop(series)], y), grid: true },
    marks: [
      x.above && axisAbove(x.above, Math.max(...drawn.map((point) => point.x))),
      series.map(band),
      series.map(thinLines),
      series.map(strongLine),
      series.map(crosses),
    ],
  });
  return html`<div class="panel" role="img" aria-label="${description}">${drawing(svg, id)}</div>`;
}

function axisAbove({ label, unit }: NonNullable<PanelAxis['above']>, most: number): Plot.Markish {
  const rough = most / unit / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((times) => times * power >= rough) ?? 10);
  // Without 0, where the vertical axis has its label.
  const ticks = Array.from({ length: Math.floor(most / unit / step) }, (_, i) => (i + 1) * step * unit);
  // Giving an explicit axis replaces Plot's own, so the lower one has to be added again.
  const below = Plot.axisX({ ticks: 5, labelAnchor: 'center', labelArrow: 'none' });
  const above = Plot.axisX(ticks, {
    anchor: 'top',
    label,
    labelAnchor: 'right',
    labelArrow: 'none',
    tickFormat: (at: number) => `${Number((at / unit).toPrecision(6))}`,
  });
  return [below, above];
}

/** Draws a model's line and marker for a legend. */
export function seriesSwatch(index: number, dashed: boolean): Html {
  const { color, symbol } = seriesStyle(index);
  const svg = Plot.plot({
    document: plotDocument,
    width: 34,
    height: 12,
    margin: 0,
    axis: null,
    x: { domain: [0, 2] },
    y: { domain: [-1, 1] },
    marks: [
      Plot.line([0, 2], {
        x: Plot.identity,
        y: 0,
        stroke: color,
        strokeWidth: 2.2,
        ...(dashed && { strokeDasharray: dashes }),
      }),
      Plot.dot([1], { x: 1, y: 0, fill: color, symbol, r: 4, stroke: 'var(--background)', strokeWidth: 1 }),
    ],
  });
  return drawing(svg, `swatch-${index}`);
}

/** A plot as markup, which is deterministic and uses names that are unique on the page. */
export function drawing(svg: Element, id: string): Html {
  // The page's style sheet replaces Plot's.
  svg.querySelector('style')?.remove();
  svg.setAttribute('aria-hidden', 'true');
  const markup = svg.outerHTML
    // Coordinates are rounded to a hundredth of a pixel.
    .replace(/(\d\.\d\d)\d+(?=[^<>]*>)/g, '$1')
    // Plot numbers clip paths across all plots of the process, so the same summary would give a different page each time.
    .replaceAll(/plot-clip-\d+/g, `clip-${id}`);
  return trusted(markup);
}

function band({ index, mean }: PanelSeries): Plot.Markish {
  const bounded = mean.filter(({ low, high }) => low !== undefined && high !== undefined);
  const { color } = seriesStyle(index);
  return Plot.areaY(bounded, { x: 'x', y1: 'low', y2: 'high', fill: color, fillOpacity: 0.13, clip: true });
}

function thinLines({ index, runs, mean }: PanelSeries): Plot.Markish {
  const { color } = seriesStyle(index);
  // A single run equals its mean.
  const shown = runs.length === 1 && mean.length > 0 ? [] : runs;
  return shown.map(({ points, dashed, failed }) =>
    Plot.line(points, {
      x: 'x',
      y: 'y',
      stroke: color,
      strokeWidth: 1,
      strokeOpacity: failed ? 0.9 : 0.5,
      ...(dashed && { strokeDasharray: dashes }),
    }),
  );
}

function crosses({ index, runs }: PanelSeries): Plot.Markish {
  const ends = runs.flatMap(({ points, failed }) => (failed ? points.slice(-1) : []));
  return Plot.dot(ends, { x: 'x', y: 'y', symbol: 'times', r: 6, stroke: seriesStyle(index).color, strokeWidth: 2 });
}

function strongLine({ index, mean, dashed }: PanelSeries): Plot.Markish {
  const { color, symbol } = seriesStyle(index);
  const every = Math.ceil(mean.length / mostMarkers);
  const marked = mean.filter((_, i) => (mean.length - 1 - i) % every === 0);
  const outline = { stroke: 'var(--background)', strokeWidth: 1 };
  return [
    Plot.line(mean, { x: 'x', y: 'y', stroke: color, strokeWidth: 2.2, ...(dashed && { strokeDasharray: dashes }) }),
    Plot.dot(marked, { x: 'x', y: 'y', fill: color, symbol, r: 4, ...outline }),
  ];
}

function scale(values: readonly number[], { label, log, least = [0, 0] }: PanelAxis): Plot.ScaleOptions {
  const options = { label, labelArrow: 'none' } as const;
  if (log) {
    const domain = logDomain(values);
    // Ticks are given because Plot leaves out some labels if there are many ticks, seemingly at random.
    return { ...options, type: 'log', domain, ticks: logTicks(domain), tickFormat: (tick: number) => `${tick}` };
  }
  const all = [...values, ...least];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  // A scale must have some length.
  return { ...options, nice: true, ticks: 5, domain: low < high ? [low, high] : [low, low + 1] };
}

/** Adds some room above and below; rounding to powers of ten would add far too much. */
function logDomain(values: readonly number[]): [number, number] {
  return [Math.min(...values) / 1.15, Math.max(...values) * 1.15];
}

const mantissas: readonly (readonly number[])[] = [
  [1],
  [1, 3],
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  Array.from({ length: 18 }, (_, i) => 1 + i / 2),
  Array.from({ length: 90 }, (_, i) => 1 + i / 10),
];

/** Round numbers for ticks, as few as suffice; at least three if the ends differ by a third or more. */
export function logTicks([low, high]: readonly [number, number]): number[] {
  const powers = Array.from(
    { length: Math.floor(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, i) => i + Math.floor(Math.log10(low)),
  );
  const choices = mantissas.map((chosen) =>
    powers
      // Parsed from decimals, because products have rounding errors.
      .flatMap((power) => chosen.map((mantissa) => Number(`${mantissa.toFixed(1)}e${power}`)))
      .filter((tick) => tick >= low && tick <= high),
  );
  return choices.find((ticks) => ticks.length >= 3) ?? (choices.at(-1) as number[]);
}

/** The upper ends of the bands, except those so high that they would squeeze the lines together. */
function bandTop(series: readonly PanelSeries[]): number[] {
  const means = series.flatMap(({ mean }) => mean);
  const most = Math.max(...means.map(({ y }) => y)) * 1.3;
  return means.flatMap(({ high }) => (high === undefined || high > most ? [] : [high]));
}
