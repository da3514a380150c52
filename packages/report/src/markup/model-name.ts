/** Names of models on a page: `dn-detr+denoising.groups=0` would be too long for a narrow column. */
import { type Html, html, joined } from './html.ts';

/** Parts with more characters may break anywhere. */
const longest = 24;

/** A model's name that breaks only between its parts. */
export function modelName(name: string): Html {
  const parts = name.split(/(?=\+|\.\D)/);
  return html`<span class="name">${joined(
    parts.map((part) => (part.length > longest ? part : html`<span>${part}</span>`)),
    html`<wbr>`,
  )}</span>`;
}
