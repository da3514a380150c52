/** Tables in the style of papers: rules above and below, numbers flush right. */
import { type Content, type Html, html } from './html.ts';

/** A table on a page. */
export interface DataTable {
  readonly caption: Content;
  /** Headings of the columns; the first column names the rows. */
  readonly head: readonly Content[];
  /** Headings above the head that span several columns, starting with the second. */
  readonly groups?: readonly { readonly name: Content; readonly columns: number }[];
  readonly rows: readonly (readonly Content[])[];
  /** Indices of further columns with text, which are flush left like the first one. @defaultValue `[]` */
  readonly text?: readonly number[];
  /** The element's id, for links. */
  readonly id: string;
}

/** Makes a table that scrolls by itself if the page is narrow. */
export function dataTable({ caption, head, groups, rows, text = [], id }: DataTable): Html {
  const kind = (column: number) => (column > 0 && !text.includes(column) ? html` class="number"` : undefined);
  return html`<div class="table" id="${id}" role="region" tabindex="0" aria-labelledby="${id}-caption"><table>
<caption id="${id}-caption"><div>${caption}</div></caption>
<thead>${
    groups &&
    html`<tr class="groups"><td></td>${groups.map(({ name, columns }) => html`<th scope="colgroup" colspan="${columns}">${name}</th>`)}</tr>`
  }<tr>${head.map((cell, column) => html`<th scope="col"${kind(column)}>${cell}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ([
    first,
    ...rest
  ]) => html`<tr><th scope="row">${first}</th>${rest.map((cell, i) => html`<td${kind(i + 1)}>${cell}</td>`)}</tr>
`,
)}</tbody>
</table></div>`;
}
