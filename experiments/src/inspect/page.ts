import { type Html, html, sectionedPage, trusted } from '@dn-detr/report/markup';

/** The page of an inspection, with a section for each image. */
export interface InspectionPage {
  readonly title: string;
  readonly lede: Html;
  readonly sections: readonly { readonly name: string; readonly content: Html }[];
}

/** A drawing on a page, as wide as the text; it can be scrolled if the page is narrow. */
export function figureOf(drawing: Html, caption: Html): Html {
  const markup = drawing.text.replace('<svg ', '<svg style="display:block;width:100%;min-width:640px;height:auto" ');
  return html`<figure><div style="overflow-x:auto" tabindex="0" role="group" aria-label="Drawing">${trusted(markup)}</div><figcaption>${caption}</figcaption></figure>`;
}

export function pageText({ title, lede, sections }: InspectionPage): string {
  const header = html`<p class="kind">A look inside a detection transformer</p>
<h1>${title}</h1>
${lede}`;
  const numbered = sections.map((section, i) => ({ id: `image-${i + 1}`, ...section }));
  return sectionedPage({ title, header, sections: numbered });
}
