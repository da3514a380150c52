/** Models' names as a page shows them: `dn-detr+denoising.groups=0` would be too long for a narrow column. */
import { type Html, html, joined } from './html.ts';

/** Longer parts break anywhere. */
const longest = 24;

/** The name, that breaks only between its parts. */
export function modelName(name: string): Html {
  const parts = name.split(/(?=\+|\.\D)/);
  return html`<span class="name">${joined(
    parts.map((part) => (part.length > longest ? part : html`<span>${part}</span>`)),
    html`<wbr>`,
  )}</span>`;
}
