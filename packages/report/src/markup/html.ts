/**
 * HTML as text, with everything that is put into it escaped. Template libraries that know escaped text from HTML, as lit
 * and preact do, also bring components and hydration, of which a page that is written once makes no use.
 */

/** Text that is HTML already. Only `html` and `trusted` make it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Values that a template takes; nothing is written for `undefined`, `null` and `false`. */
export type Content = Html | string | number | undefined | null | false | readonly Content[];

/** A template whose values are escaped, unless they are HTML: as text and as quoted attributes they are harmless. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.reduce((text, part, i) => text + asHtml(values[i - 1]) + part));
}

/** Markup from a library, which is taken as it is. */
export const trusted = (markup: string): Html => new Html(markup);

function asHtml(value: Content): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(asHtml).join('');
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Content with something between. */
export function joined(parts: readonly Content[], between: Content): Content {
  return parts.flatMap((part, i) => (i === 0 ? [part] : [between, part]));
}
