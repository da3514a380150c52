import { type Html, html } from '@dn-detr/report/markup';

/** Weights as cells of colour. A cell of weight 0 is left blank, and only such a cell. */

const steps = 16;

export interface HeatOptions {
  /** Columns of the weights `[rows, columns]`. */
  readonly columns: number;
  /** Weight that has the strongest colour. */
  readonly most: number;
  /** The style of a cell for a share of `most`, in 0..1. */
  readonly style: (share: number) => { readonly fill: string; readonly opacity: number };
  /** Whether the share is proportional to the weight, or to its square root, which shows small ones. */
  readonly scale?: 'linear' | 'root';
}

/** One path for each of 16 steps of colour; a cell is a unit wide and high, the first one at 0, 0. */
export function heatCells(weights: ArrayLike<number>, options: HeatOptions): Html {
  const { columns, most, style, scale = 'linear' } = options;
  const paths = Array.from({ length: steps + 1 }, () => '');
  const stepOf = (weight: number): number => {
    if (weight === 0 || most === 0) return 0;
    const share = Math.min(1, weight / most);
    return Math.max(1, Math.round(steps * (scale === 'root' ? Math.sqrt(share) : share)));
  };
  const rows = weights.length / columns;
  for (let row = 0; row < rows; row++) {
    for (let from = 0; from < columns; ) {
      const step = stepOf(weights[row * columns + from] as number);
      let to = from + 1;
      while (to < columns && stepOf(weights[row * columns + to] as number) === step) to++;
      paths[step] += `M${from} ${row}h${to - from}v1h${from - to}z`;
      from = to;
    }
  }
  const drawn = paths.map((path, step) => {
    const { fill, opacity } = style(step / steps);
    return step > 0 && path !== '' && html`<path d="${path}" fill="${fill}" fill-opacity="${opacity.toFixed(3)}"/>`;
  });
  // Without this, seams would show between neighbours.
  return html`<g class="heat" shape-rendering="crispEdges">${drawn}</g>`;
}

/** Dark purple to pale yellow, of matplotlib's "inferno", and less and less of what lies below. */
const stops = [
  [66, 10, 104],
  [147, 38, 103],
  [221, 81, 58],
  [252, 165, 10],
  [252, 255, 164],
] as const;

/** Over an image. */
export function overImage(share: number): { readonly fill: string; readonly opacity: number } {
  const at = share * (stops.length - 1);
  const [low, high] = [stops[Math.floor(at)], stops[Math.ceil(at)]] as [readonly number[], readonly number[]];
  const mixed = low.map((value, i) => Math.round(value + (at % 1) * ((high[i] as number) - value)));
  return { fill: `rgb(${mixed.join(',')})`, opacity: 0.3 + 0.55 * share };
}

/** On the page's ground, in its light or dark. */
export const onGround = (share: number): { readonly fill: string; readonly opacity: number } => ({
  fill: 'var(--series-0)',
  opacity: share,
});
