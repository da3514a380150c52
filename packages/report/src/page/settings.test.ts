import { fileURLToPath } from 'node:url';
import { exampleSummary } from '@dn-detr/testing/example-summary';
import { type DottedValues, flatValues, resolveConfig } from '@dn-detr/train';
import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { keptSummary } from '../summary/kept-summary.ts';
import type { ModelSummary, Summary } from '../summary/summary.ts';
import { settingDifferences } from './settings.ts';

const tableOf = (summary: Summary) => {
  const table = new JSDOM(settingDifferences(summary).text).window.document.querySelector('#table-settings');
  const rows = [...(table?.querySelectorAll('tbody tr') ?? [])].map(({ children }) =>
    [...children].map(({ textContent }) => textContent),
  );
  return { caption: table?.querySelector('caption')?.textContent, rows };
};

/** The table of models with these settings. */
function tableWith(shared: DottedValues, ...own: DottedValues[]) {
  const summary = exampleSummary();
  const [first] = summary.models as [ModelSummary];
  const models = own.map((settings, i): ModelSummary => ({ ...first, name: `${i}`, settings }));
  return tableOf({ ...summary, settings: shared, models });
}

it('has no row for equal settings, in a summary of the first version', () => {
  const file = fileURLToPath(new URL('../../../../docs/results/convergence/summary.json', import.meta.url));
  const { rows } = tableOf(keptSummary(file));
  expect(rows).toContainEqual(['denoising.groups', '0', '5']);
  const equal = rows.filter(([, ...values]) => new Set(values).size === 1).map(([key]) => key);
  // This is not a setting.
  expect(equal).toEqual(['parameters']);
});

it.each([
  [null, 'as many as fit', '1'],
  [5, '5', '1'],
  [0, '0', '–'],
])('shows groups of %j as %s, and noise of known queries if there are any: %s', (groups, words, noise) => {
  const own = { 'denoising.groups': groups, 'denoising.boxNoise': 1 };
  const { rows } = tableWith({ 'model.name': 'dino' }, own, { 'denoising.groups': 3 });
  expect(rows).toContainEqual(['denoising.groups', words, '3']);
  expect(rows).toContainEqual(['denoising.boxNoise', noise, '–']);
});

it('describes the meaning of null and 0', () => {
  const [one, other] = [
    { 'denoising.slotBucket': null, 'denoising.maxKnownQueries': 0, 'model.labelBook': null },
    { 'denoising.slotBucket': 10, 'denoising.maxKnownQueries': 200, 'model.labelBook': 91 },
  ];
  const { rows } = tableWith({ 'model.name': 'dino', 'denoising.groups': 5 }, one, other);
  expect(rows.slice(0, -1)).toEqual([
    ['denoising.maxKnownQueries', 'no limit', '200'],
    ['denoising.slotBucket', 'the objects of the fullest image', '10'],
    ['model.labelBook', 'the classes', '91'],
  ]);
});

describe.each(['detr', 'dn-detr'])('of the objective of %s', (name) => {
  const objective = flatValues(resolveConfig({ model: { name } }, name).objective, 'objective.');

  it.each(Object.keys(objective))('a difference in %s is one row', (key) => {
    const { [key]: value, ...shared } = objective;
    const { rows } = tableWith(shared, { [key]: value }, { [key]: 0.75 });
    expect(rows.map(([title]) => title)).toEqual([expect.any(String), 'parameters']);
    const [[, one, other] = []] = rows;
    expect(other?.split('0.75')).toHaveLength(2);
    expect(other?.replace('0.75', `${value}`)).toBe(one);
  });
});

describe('what weights start from', () => {
  const hash = '0806'.repeat(16);
  const ownWeights = 'except for weights loaded from the file of init';

  it('is one row, and is excluded from what equal seeds share', () => {
    const { caption, rows } = tableWith({}, { init: 'none' }, { 'init.file': 'a.safetensors', 'init.hash': hash });
    expect(rows.slice(0, -1)).toEqual([['init', 'none', 'a.safetensors (08060806)']]);
    expect(caption).toContain(ownWeights);
  });

  it('is named by the whole path where models share the name of the file', () => {
    const own = [hash, 'f'.repeat(64)].map((value) => ({ 'init.hash': value }));
    const { rows } = tableWith({ 'init.file': 'a.safetensors' }, ...own);
    expect(rows).toContainEqual(['init', 'a.safetensors (08060806)', 'a.safetensors (ffffffff)']);
  });

  it('is not mentioned if it is the same', () => {
    const { caption, rows } = tableOf(exampleSummary());
    expect(rows.map(([name]) => name)).not.toContain('init');
    expect(caption).not.toContain(ownWeights);
  });
});
