/** Tests the tables of docs/from-detrex.md: every setting exists and accepts the value, and different defaults are mentioned. */
import { parseAssignment, resolveSettings, runSettings, withChanges } from '@dn-detr/train';
import { describe, expect, it } from 'vitest';
import { textOf } from './markdown.ts';

const models = { 'DN-DETR': 'dn-detr', DINO: 'dino', detrex: 'dn-detr' } as const;

interface Row {
  readonly assignment: string;
  readonly remark: string;
}

/** The assignments in the second column of the section's table, each with the remark in the third. */
function rowsOf(section: string): Row[] {
  const [, text = ''] = new RegExp(`^## ${section}: (.*?)(?=^## )`, 'ms').exec(textOf('docs/from-detrex.md')) ?? [];
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.flatMap((line) => {
    const [, , settings = '', remark = ''] = line.split('|');
    return [...settings.matchAll(/`([\w.]+=[^`]+)`/g)].map(([, assignment = '']) => ({ assignment, remark }));
  });
}

/** A model's complete configuration, with or without a changed setting. */
const configOf = (model: string, assignment?: string) => {
  const changes = { 'model.name': model, ...(assignment !== undefined && parseAssignment(assignment)) };
  return resolveSettings(withChanges(runSettings({}, 'the defaults'), changes)).config;
};

describe.each(Object.entries(models))('%s', (section, model) => {
  const rows = rowsOf(section);
  it('has a table', () => expect(rows.length).toBeGreaterThan(20));

  it.each(rows)('$assignment', ({ assignment, remark }) => {
    const isDefault = JSON.stringify(configOf(model, assignment)) === JSON.stringify(configOf(model));
    expect(isDefault, remark).toBe(!remark.includes('the default here is'));
  });
});

it('docs/concepts.md gives the defaults of denoising', () => {
  const rows = [...textOf('docs/concepts.md').matchAll(/^\|[^|]+\| `denoising\.(\w+)` +\| ([\d.]+) /gm)];
  expect(rows).toHaveLength(4);
  for (const [, name, value] of rows)
    expect(configOf('dn-detr').denoising).toHaveProperty(name as string, Number(value));
});
