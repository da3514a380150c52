/** The frame of every page: one file without network, in the reader's light or dark. */
import { type Content, html, trusted } from './html.ts';
import { styleSheet } from './style.css.ts';

export interface Shell {
  readonly title: string;
  /** before everything else */
  readonly above?: Content;
  readonly header: Content;
  readonly main: Content;
  readonly footer: Content;
}

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
