/**
 * HTML templates that escape their values, tables, and the frame of a page.
 *
 * @module @dn-detr/report/markup
 */
export { ap, bounds, count, dash, decimal, duration, listed, signed } from './format.ts';
export { type Content, type Html, html, joined, trusted } from './markup/html.ts';
export { type Section, sectionedPage, shell } from './markup/shell.ts';
export { type DataTable, dataTable } from './markup/table.ts';
