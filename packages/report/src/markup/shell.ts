/** The frame of every page: one file that needs no network, in light or dark mode. */
import { type Content, html, trusted } from './html.ts';
import { styleSheet } from './style.css.ts';

export interface Shell {
  readonly title: string;
  /** Content before everything else. */
  readonly above?: Content;
  readonly header: Content;
  readonly main: Content;
  readonly footer: Content;
}

/** Makes a complete HTML page. */
export function shell({ title, above, header, main, footer }: Shell): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(styleSheet())}</style>
</head>
<body>
${above}<header>
${header}
</header>
<main>
${main}</main>
<footer>${footer}</footer>
</body>
</html>
`.text;
}

/** A section of a page. */
export interface Section {
  readonly id: string;
  readonly name: string;
  readonly content: Content;
}

const papers: readonly (readonly [string, string])[] = [
  ['DETR', 'https://arxiv.org/abs/2005.12872'],
  ['Deformable DETR', 'https://arxiv.org/abs/2010.04159'],
  ['DAB-DETR', 'https://arxiv.org/abs/2201.12329'],
  ['DN-DETR', 'https://arxiv.org/abs/2203.01305'],
  ['DINO', 'https://arxiv.org/abs/2203.03605'],
];

export interface SectionedPage extends Pick<Shell, 'title' | 'above' | 'header'> {
  readonly sections: readonly Section[];
}

/** Makes a page of sections, with a list of them below the header and links to the papers at the end. */
export function sectionedPage({ title, above, header, sections }: SectionedPage): string {
  return shell({
    title,
    above,
    header: html`${header}
<nav aria-label="Contents"><ul>${sections.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>`,
    main: sections.map(
      ({ id, name, content }) => html`<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${name}</h2>
${content}
</section>
`,
    ),
    footer: html`<p>${papers.map(([name, address], i) => html`${i > 0 && ' · '}<a href="${address}">${name}</a>`)}</p>`,
  });
}
