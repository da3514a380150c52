import fc from 'fast-check';
import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { html, joined, trusted } from './html.ts';

const { document } = new JSDOM('').window;

describe('html', () => {
  it('shows any text unchanged, inside elements and attributes', () => {
    // HTML has no NUL, and reads every line break as \n.
    const shown = fc.string({ unit: 'binary' }).filter((text) => !/[\0\r]/.test(text));
    const likely = fc.stringMatching(/^[<>&"'/a-z= !-]*$/);
    const element = document.createElement('div');
    fc.assert(
      fc.property(fc.oneof(shown, likely), (text) => {
        element.innerHTML = html`<p title="${text}">${text}</p>`.text;
        expect(element.childNodes.length).toBe(1);
        expect(element.textContent).toBe(text);
        expect(element.querySelector('p')?.title).toBe(text);
      }),
    );
  });

  it('keeps its own markup and that of libraries, and leaves out missing values', () => {
    const list = joined([html`<b>1</b>`, 2, '<3>'], ', ');
    expect(html`${list}${false}${undefined}${null}${0}${trusted('<br>')}`.text).toBe('<b>1</b>, 2, &#60;3&#62;0<br>');
  });
});
