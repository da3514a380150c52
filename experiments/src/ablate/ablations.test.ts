import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { flatValues, runSettings } from '@dn-detr/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ablations } from '../../ablations/ablations.ts';
import { recipeNamed } from '../config/recipe-named.ts';
import { ablationNamed } from './ablation-named.ts';
import { cellsOf, headingOf } from './cells.ts';

const quick = runSettings(recipeNamed('quick').config, 'quick');

describe('the built-in ablations', () => {
  it.each(ablations.map((ablation) => [ablation.name, ablation] as const))('%s varies what it says', (_, ablation) => {
    const cells = cellsOf(ablation, runSettings(recipeNamed(ablation.recipe).config, ablation.recipe));
    const settings = cells.map(({ config }) => flatValues(config));
    // No two cells are the same, and they differ only in settings of denoising or of the model.
    expect(new Set(settings.map((values) => JSON.stringify(values))).size).toBe(cells.length);
    const differing = Object.keys(settings[0] as object).filter(
      (key) => new Set(settings.map((values) => JSON.stringify(values[key]))).size > 1,
    );
    expect(differing.every((key) => key.startsWith('denoising.') || key === 'model.indicator')).toBe(true);
  });

  it('have the values of their cells on a scale', () => {
    const groups = ablations.find(({ name }) => name === 'groups') as (typeof ablations)[number];
    expect(headingOf(groups).scale).toEqual({
      label: 'groups of known queries',
      values: { 0: 0, 1: 1, 2: 2, 3: 3, 5: 5, 8: 8 },
    });
    const components = ablations.find(({ name }) => name === 'components') as (typeof ablations)[number];
    expect(headingOf(components)).not.toHaveProperty('scale');
  });

  it('can be run in part, with at least two cells', () => {
    const [components] = ablations as [(typeof ablations)[number]];
    expect(cellsOf(components, quick, 'both, none').map(({ name }) => name)).toEqual(['none', 'both']);
    expect(() => cellsOf(components, quick, 'none,all')).toThrow("no cell 'all': expected none | boxes | labels");
    expect(() => cellsOf(components, quick, 'none')).toThrow('a single cell');
  });

  it.each([
    ['both, no mask,none', ['none', 'both, no mask']],
    ['none , both, no mask', ['none', 'both, no mask']],
    ['both,both, no mask', ['both', 'both, no mask']],
  ])('accept lists of cells whose names contain commas: %j', (list, expected) => {
    const [components] = ablations as [(typeof ablations)[number]];
    expect(cellsOf(components, quick, list).map(({ name }) => name)).toEqual(expected);
  });
});

describe("a user's own", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-ablation-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const own = {
    name: 'queries',
    title: 'number of queries',
    claim: 'more is not better',
    source: 'mine',
    cells: [
      { name: '10', set: { 'model.queries': 10 } },
      { name: '40', set: { 'model.queries': 40 } },
    ],
  };

  it('accepts the example of the README', async () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const [, example = ''] = /```json\n([^`]*)```/.exec(readme) ?? [];
    const shown = await ablationNamed(write('queries.json', example));
    expect(cellsOf(shown, quick).map(({ config }) => config.model.queries)).toEqual([10, 40]);
  });

  it('is read from JSON and from a module', async () => {
    const json = await ablationNamed(write('own.json', JSON.stringify(own)));
    const module = await ablationNamed(write('own.ts', `export default ${JSON.stringify(own)} as const;`));
    expect(json).toEqual(module);
    expect(cellsOf(json, quick).map(({ config }) => config.model.queries)).toEqual([10, 40]);
  });

  it.each([
    ['a name that is none', 'grups', "no ablation 'grups': expected components, groups"],
    ['a file that is not there', 'missing.ts', 'missing.ts does not exist'],
    ['a module that does not load', ['bad.ts', 'export default {'], 'bad.ts cannot be loaded'],
    ['a file without a claim', ['short.json', '{"name":"a","cells":[]}'], 'short.json: claim'],
    [
      'two cells of one name',
      ['twins.json', JSON.stringify({ ...own, cells: [own.cells[0], own.cells[0]] })],
      'cells.1.name: another cell has this name',
    ],
    [
      'a cell off the scale',
      ['scale.json', JSON.stringify({ ...own, scale: 'queries' })],
      "cells.0: expected a value on the scale 'queries'",
    ],
    [
      'a value without a scale',
      ['value.json', JSON.stringify({ ...own, cells: [{ ...own.cells[0], value: 10 }, own.cells[1]] })],
      'cells.0.value: a value needs a scale',
    ],
    [
      'a name that leads to another folder',
      ['dots.json', JSON.stringify({ ...own, cells: [{ ...own.cells[0], name: '..' }, own.cells[1]] })],
      'cells.0.name: expected a name, of more than dots',
    ],
  ])('with %s is refused', async (_, file, message) => {
    const name = typeof file === 'string' ? file : write(file[0] as string, file[1] as string);
    await expect(ablationNamed(name)).rejects.toThrow(message);
  });

  it('is refused if it sets something that its model does not use', async () => {
    const ablation = await ablationNamed(
      write(
        'ignored.json',
        JSON.stringify({ ...own, cells: [own.cells[0], { name: 'x', set: { 'model.preNorm': true } }] }),
      ),
    );
    expect(() => cellsOf(ablation, quick)).toThrow('x: model.preNorm is not used by dn-detr, only by detr and');
  });

  it.each<[string, object, string]>([
    ['other data', { 'data.shapes.train': 200 }, 'x: data.shapes.train changes the data'],
    ['a seed', { seed: 3 }, 'x: the seed cannot be set for a single model'],
    ['what another cell sets', { 'model.queries': 10 }, '10 and x have the same settings'],
  ])('is refused if it sets %s', async (_, set, message) => {
    const ablation = await ablationNamed(
      write('set.json', JSON.stringify({ ...own, cells: [own.cells[0], { name: 'x', set }] })),
    );
    expect(() => cellsOf(ablation, quick)).toThrow(message);
  });

  it('suggests the nearest setting for an unknown one', async () => {
    const ablation = await ablationNamed(
      write('typo.json', JSON.stringify({ ...own, cells: [own.cells[0], { name: 'x', set: { 'model.querys': 1 } }] })),
    );
    expect(() => cellsOf(ablation, quick)).toThrow("no setting 'model.querys': did you mean model.queries");
  });
});
