/** Reads drawings in tests. */
import type { Html } from '@dn-detr/report/markup';
import { JSDOM } from 'jsdom';

/** The attributes of all elements with a name, in order. */
export function elements(svg: Html | string, name: string): Record<string, string>[] {
  const markup = typeof svg === 'string' ? svg : svg.text;
  return [...markup.matchAll(new RegExp(`<${name}\\b([^>]*)>`, 'g'))].map(([, attributes]) =>
    Object.fromEntries(
      [...(attributes as string).matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
    ),
  );
}

export const ofClass = (svg: Html | string, name: string, kind: string): Record<string, string>[] =>
  elements(svg, name).filter((attributes) => attributes.class === kind);

/** Reads the cells of a heat map `[rows, columns]`: the opacity of each, 0 where it is blank. */
export function cellsOf(svg: Html | string, rows: number, columns: number): number[][] {
  const cells = Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  for (const { d = '', 'fill-opacity': opacity } of elements(svg, 'path')) {
    for (const [, x, y, width] of d.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
      (cells[Number(y)] as number[]).fill(Number(opacity), Number(x), Number(x) + Number(width));
    }
  }
  return cells;
}

/** @throws if the text is not XML */
export const xmlDocument = (text: string): Document =>
  new JSDOM(text, { contentType: 'image/svg+xml' }).window.document;

export const htmlDocument = (text: string): Document => new JSDOM(text).window.document;
