/** The page of an inspection: a section for each image. */
import { type Html, html, trusted } from '../report/html.ts';
import { shell } from '../report/shell.ts';

export interface InspectionPage {
  readonly title: string;
  readonly lede: Html;
  readonly sections: readonly { readonly name: string; readonly content: Html }[];
}

/** A drawing in a page: as wide as the text, and scrolled where the page is narrow. */
export function figureOf(drawing: Html, caption: Html): Html {
  const markup = drawing.text.replace('<svg ', '<svg style="display:block;width:100%;min-width:640px;height:auto" ');
  return html`<figure><div style="overflow-x:auto" tabindex="0" role="group" aria-label="Drawing">${trusted(markup)}</div><figcaption>${caption}</figcaption></figure>`;
}

const papers: readonly (readonly [string, string])[] = [
  ['DETR', 'https://arxiv.org/abs/2005.12872'],
  ['DAB-DETR', 'https://arxiv.org/abs/2201.12329'],
  ['DN-DETR', 'https://arxiv.org/abs/2203.01305'],
];

export function pageText({ title, lede, sections }: InspectionPage): string {
  const header = html`<p class="kind">A look inside a detection transformer</p>
<h1>${title}</h1>
${lede}
<nav aria-label="Contents"><ul>${sections.map(({ name }, i) => html`<li><a href="#image-${i + 1}">${name}</a></li>`)}</ul></nav>`;
  const main = sections.map(
    ({ name, content }, i) => html`<section id="image-${i + 1}" aria-labelledby="image-${i + 1}-heading">
<h2 id="image-${i + 1}-heading">${name}</h2>
${content}
</section>
`,
  );
  const footer = html`<p>${papers.map(([name, address], i) => html`${i > 0 && ' · '}<a href="${address}">${name}</a>`)}</p>`;
  return shell({ title, header, main, footer });
}
