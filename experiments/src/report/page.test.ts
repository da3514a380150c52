import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { reportPage } from './page.ts';
import { exampleSummary } from './testing/example-summary.ts';

const parsed = (text: string): Document => new JSDOM(text).window.document;

describe('reportPage', () => {
  it.each([
    ['three seeds', exampleSummary()],
    ['a failed run', exampleSummary({ failure: true })],
    ['one seed', exampleSummary({ seeds: [7] })],
    ['no evaluation', exampleSummary({ evaluations: 0 })],
    ['one evaluation', exampleSummary({ evaluations: 1 })],
  ])('shows %s without a word that is no number', (_, summary) => {
    const page = parsed(reportPage(summary));
    expect(page.querySelector('h1')?.textContent).toBe('detr, dab-detr and dn-detr on shapes');
    expect(page.body.innerHTML).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });
});
