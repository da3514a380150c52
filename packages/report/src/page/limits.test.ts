import { seedsNeeded } from '@dn-detr/metrics';
import { exampleSummary } from '@dn-detr/testing/example-summary';
import { JSDOM } from 'jsdom';
import { expect, it } from 'vitest';
import { contrastsOf } from '../analysis/contrasts.ts';
import type { Comparison } from '../summary/summary.ts';
import { limitsSection, withSeeds } from './limits.ts';

const needed = (summary: ReturnType<typeof exampleSummary>): (string | null | undefined)[] => {
  const { document } = new JSDOM(limitsSection(summary)?.text).window;
  return [...document.querySelectorAll('#table-seeds tbody tr')].map((row) => row.children[2]?.textContent);
};

it('says how many seeds would confirm each difference', () => {
  const summary = exampleSummary();
  const expected = contrastsOf(summary).contrasts.map(({ difference: { meanDifference, sd } }) =>
    String(seedsNeeded({ difference: meanDifference, sd: sd as number })),
  );
  expect(expected).toHaveLength(2);
  expect(needed(summary)).toEqual(expected);
});

it.each<[string, Partial<Comparison>]>([
  ['more than 1,000', { meanDifference: 0 }],
  ['more than 1,000', { meanDifference: 1e-4, sd: 0.1 }],
  ['–', { sd: 0 }],
])('says %s if no number of seeds would suffice', (words, changes) => {
  const summary = exampleSummary();
  const comparisons = summary.comparisons.map((comparison) => ({ ...comparison, ...changes }));
  expect(needed({ ...summary, comparisons })).toEqual([words, words]);
});

it.each([
  ['npm start', 'npm start -- compare --seeds 5'],
  ['npm start -- compare --data x', 'npm start -- compare --data x --seeds 5'],
  ['npm start -- compare --seeds 1 --out y', 'npm start -- compare --seeds 5 --out y'],
  ['npm start -- compare --seeds=1', 'npm start -- compare --seeds 5'],
  ['npm start -- ablate groups', 'npm start -- ablate groups --seeds 5'],
])('turns %j into the command for five seeds', (command, five) => {
  expect(withSeeds(command, 5)).toBe(five);
});

it('shows the same command for unfinished runs, and no command if none trains', () => {
  const summary = exampleSummary({ seeds: [0] });
  const words = (changes: object) => limitsSection({ ...summary, ...changes })?.text;
  expect(words({ finished: false })).toContain(`<code>${summary.command}</code>`);
  expect(words({ command: 'npm start -- report runs/compare --out x.html' })).not.toContain('<code>');
});
