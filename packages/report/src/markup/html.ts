/**
 * HTML templates that escape all values. Libraries that tell text from HTML, such as lit and preact, also bring components and
 * hydration, which a page that is written once does not need.
 */

/** Text that is already HTML. Only `html` and `trusted` create it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Values that a template accepts; `undefined`, `null` and `false` are written as nothing. */
export type Content = Html | string | number | undefined | null | false | readonly Content[];

/** A template whose values are escaped for use as text and in quoted attributes, unless they are HTML. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.reduce((text, part, i) => text + asHtml(values[i - 1]) + part));
}

/** Marks markup from a library as HTML that needs no escaping. */
export const trusted = (markup: string): Html => new Html(markup);

function asHtml(value: Content): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(asHtml).join('');
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Joins parts with a separator. */
export function joined(parts: readonly Content[], between: Content): Content {
  return parts.flatMap((part, i) => (i === 0 ? [part] : [between, part]));
}
