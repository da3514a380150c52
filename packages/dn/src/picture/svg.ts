/** Just enough to write SVG: elements as text, everything escaped. */

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element with its attributes, undefined ones left out, around children that are SVG already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : ` ${key}="${escaped(typeof value === 'number' ? `${round(value)}` : value)}"`,
  );
  return children.length === 0
    ? `<${name}${written.join('')}/>`
    : `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

/** A line of text. */
export function label(content: string, attributes: Attributes): string {
  return element('text', attributes, escaped(content));
}

/** A line that starts as a heading and goes on smaller and fainter. */
export function heading(title: string, remark: string, x: number, y: number, fills: readonly [string, string]): string {
  return element(
    'text',
    { x, y },
    element('tspan', { 'font-size': 15, 'font-weight': 600, fill: fills[0] }, escaped(title)),
    element('tspan', { 'font-size': 12, fill: fills[1], dx: 10 }, escaped(remark)),
  );
}

export function rectangle(x: number, y: number, width: number, height: number, attributes: Attributes): string {
  return element('rect', { x, y, width, height, ...attributes });
}

/** Moves a group of elements. */
export function moved(x: number, y: number, ...children: readonly string[]): string {
  return element('g', { transform: `translate(${round(x)} ${round(y)})` }, ...children);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML has no way to write most control characters. */
const unwritable = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

function escaped(content: string): string {
  return content.replace(unwritable, '').replace(/[&<>"]/g, (character) => entities[character] as string);
}
