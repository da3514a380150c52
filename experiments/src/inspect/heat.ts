/** Draws weights as coloured cells. A cell is left blank if and only if its weight is 0. */
import { type Html, html } from '@dn-detr/report/markup';

const steps = 16;

export interface HeatOptions {
  /** Number of columns of the weights `[rows, columns]`. */
  readonly columns: number;
  /** The weight that gets the strongest colour. */
  readonly most: number;
  /** Colour and opacity for a share of `most`, in 0..1. */
  readonly style: (share: number) => { readonly fill: string; readonly opacity: number };
  /**
   * Whether the colour depends on the weight or on its square root, which makes small weights visible.
   *
   * @defaultValue `'linear'`
   */
  readonly scale?: 'linear' | 'root';
}

/** Draws one path for each of 16 steps of colour; a cell is one unit wide and high, and the first one is at 0, 0. */
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
  // Without crisp edges, seams would be visible between neighbouring cells.
  return html`<g class="heat" shape-rendering="crispEdges">${drawn}</g>`;
}

/** Colours from dark purple to pale yellow, from matplotlib's "inferno". */
const stops = [
  [66, 10, 104],
  [147, 38, 103],
  [221, 81, 58],
  [252, 165, 10],
  [252, 255, 164],
] as const;

/** Style for cells over an image, more opaque for higher shares. */
export function overImage(share: number): { readonly fill: string; readonly opacity: number } {
  const at = share * (stops.length - 1);
  const [low, high] = [stops[Math.floor(at)], stops[Math.ceil(at)]] as [readonly number[], readonly number[]];
  const mixed = low.map((value, i) => Math.round(value + (at % 1) * ((high[i] as number) - value)));
  return { fill: `rgb(${mixed.join(',')})`, opacity: 0.3 + 0.55 * share };
}

/** Style for cells on the page's background, light or dark. */
export const onGround = (share: number): { readonly fill: string; readonly opacity: number } => ({
  fill: 'var(--series-0)',
  opacity: share,
});
