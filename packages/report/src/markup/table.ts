/** Tables as papers have them: rules above and below, numbers flush right. */
import { type Content, type Html, html } from './html.ts';

/** A table of a page. */
export interface DataTable {
  readonly caption: Content;
  /** Heads of the columns; the first one names the rows. */
  readonly head: readonly Content[];
  /** Heads above the head, over all its columns but the first. */
  readonly groups?: readonly { readonly name: Content; readonly columns: number }[];
  readonly rows: readonly (readonly Content[])[];
  /** Indices of columns of text, which are flush left; the first column always is. */
  readonly text?: readonly number[];
  /** Id of the element, to link to. */
  readonly id: string;
}

/** A table that scrolls by itself where the page is narrow. */
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
