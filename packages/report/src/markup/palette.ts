/**
 * Colours and markers of models: the colours of Okabe and Ito ("Color universal design", 2008), which colour-blind readers can
 * distinguish, in two lightnesses with a contrast of at least 3:1 to the page's background.
 */

/** The page's background. */
export const background = { light: '#ffffff', dark: '#14171a' };

const colors = [
  { light: '#0072b2', dark: '#56b4e9' },
  { light: '#c85200', dark: '#f0803c' },
  { light: '#00805f', dark: '#1fc197' },
  { light: '#aa4f83', dark: '#dd93bd' },
  { light: '#96700a', dark: '#e6b422' },
  { light: '#57606a', dark: '#aab4be' },
] as const;

/** Plot's names of markers; there is one more than there are colours, so that the first 42 models never share both. */
const symbols = ['circle', 'square', 'triangle', 'diamond', 'star', 'wye', 'cross'] as const;

export interface SeriesStyle {
  /** A CSS colour that is lighter in dark mode. */
  readonly color: string;
  readonly symbol: (typeof symbols)[number];
}

/** @param index - Index of the model in the comparison, from 0. */
export function seriesStyle(index: number): SeriesStyle {
  return {
    color: `var(--series-${index % colors.length})`,
    symbol: symbols[index % symbols.length] as (typeof symbols)[number],
  };
}

/** The CSS variables that `seriesStyle` names. */
export function seriesVariables(scheme: 'light' | 'dark'): string {
  return colors.map((color, i) => `--series-${i}: ${color[scheme]};`).join(' ');
}
