import { readFileSync } from 'node:fs';
import { exampleAblation } from '@dn-detr/testing/example-summary';
import { describe, expect, it } from 'vitest';
import { docsFile, storedSummary, withTables } from './results-tables.ts';

describe('docs/results.md', () => {
  it('has the tables of the kept results', () => {
    const doc = readFileSync(docsFile, 'utf8');
    expect(doc).toContain('<!-- facts of convergence -->');
    expect(withTables(doc, storedSummary)).toBe(doc);
  });
});

describe('withTables', () => {
  const example = () => exampleAblation();
  const marked = 'before\n\n<!-- cells of example -->\nold\n<!-- end -->\n\nafter\n';

  it('replaces the table between its markers, and leaves it unchanged the second time', () => {
    const once = withTables(marked, example);
    expect(once).toMatch(/^before\n\n<!-- cells of example -->\n\n\| cell +\|[\s\S]+\|\n\n<!-- end -->\n\nafter\n$/);
    expect(once).not.toContain('old');
    expect(withTables(once, example)).toBe(once);
  });

  it('shows every seed, the mean and the difference of a cell', () => {
    const { models } = exampleAblation();
    const line = withTables(marked, example)
      .split('\n')
      .find((row) => row.includes('| dn-detr'));
    for (const { final } of models[2]?.runs ?? []) expect(line).toContain(final?.AP50.toFixed(3));
    expect(line).toMatch(/\| 0\.\d{3} ± 0\.\d{3} +\| \+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\] +\| [<0]/);
  });

  it('refuses a marker of an unknown table', () => {
    expect(() => withTables(marked.replace('cells', 'sells'), example)).toThrow(
      '<!-- sells of example -->: expected facts, cells, length or claims',
    );
  });
});
