/** Building blocks for SVG drawings, which are shown on a page in light or dark mode, or saved as separate files. */
import { type Content, type Html, html } from '../markup/html.ts';
import { styleSheet } from '../markup/style.css.ts';

export interface DrawingOptions {
  readonly width: number;
  readonly height: number;
  /** Alternative text for readers who cannot see the drawing. */
  readonly description: string;
}

/** An SVG whose colours may be variables of the page's style sheet. */
export function drawing({ width, height, description }: DrawingOptions, ...content: readonly Content[]): Html {
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" height="${px(height)}" role="img" aria-label="${description}" font-family="system-ui, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif" font-size="11">${content}</svg>`;
}

/** XML has no way to write most control characters. */
const unwritable = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** The drawing as a file on a white background, with the colours of light mode. */
export function svgFile(svg: Html): string {
  // The first definition of each variable in the style sheet is the light one.
  const variables = [...styleSheet().matchAll(/--([\w-]+): (#[0-9a-f]+)/g)].reverse();
  const light = new Map(variables.map(([, name, color]) => [name, color as string]));
  const text = svg.text
    .replace(/var\(--([\w-]+)\)/g, (variable, name: string) => light.get(name) ?? variable)
    .replace('>', `><rect width="100%" height="100%" fill="${light.get('background')}"/>`)
    .replace(unwritable, '');
  return `${text}\n`;
}

/** Rounds a number for an attribute to a hundredth of a pixel. */
export const px = (value: number): number => Math.round(value * 100) / 100;

/** Moves and scales content. */
export function placed(x: number, y: number, scale: number, ...content: readonly Content[]): Html {
  const scaled = scale === 1 ? '' : ` scale(${Number(scale.toPrecision(6))})`;
  return html`<g transform="translate(${px(x)} ${px(y)})${scaled}">${content}</g>`;
}

/** Clips content at the edges of a rectangle. */
export function clipped(
  { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  ...content: readonly Content[]
): Html {
  return html`<svg x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" overflow="hidden">${content}</svg>`;
}

export interface TextStyle {
  readonly fill?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly bold?: boolean;
}

/** A line of text. */
export function text(x: number, y: number, content: string | number, style: TextStyle = {}): Html {
  const { fill = 'var(--text)', anchor = 'start', size = 11, bold } = style;
  return html`<text x="${px(x)}" y="${px(y)}" fill="${fill}" font-size="${size}"${anchor !== 'start' && html` text-anchor="${anchor}"`}${bold && html` font-weight="650"`}>${content}</text>`;
}

/** Estimated width in pixels in a sans-serif font, more likely too large than too small. */
export const textWidth = (content: string, size = 11): number => 0.6 * size * [...content].length;

/** Shortens a text to a width in pixels, with an ellipsis if something is left out. */
export function shortened(content: string, width: number, size = 11): string {
  if (textWidth(content, size) <= width) return content;
  const letters = [...content];
  while (letters.length > 0 && textWidth(`${letters.join('')}…`, size) > width) letters.pop();
  return `${letters.join('')}…`;
}

/** The definition of a hatch pattern; a drawing needs it once, with an `id` that is unique on the page. */
export function hatching(id: string): Html {
  return html`<pattern id="${id}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" fill="var(--panel)"/><rect width="1.4" height="5" fill="var(--muted)"/></pattern>`;
}
