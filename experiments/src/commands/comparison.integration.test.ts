import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { folderName } from '@dn-detr/report';
import { writeRun } from '@dn-detr/testing/stored-runs';
import { resolveConfig, runFolder } from '@dn-detr/train';
import { readJson, writeJson } from '@dn-detr/train/files';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { recipeNamed } from '../config/recipe-named.ts';
import { program } from '../testing/program.ts';
import { typedCommand } from './comparison.ts';

let root: string;
const start = process.cwd();
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-comparison-'));
  process.chdir(root);
  vi.stubEnv('DN_DETR_BACKEND', 'cpu');
  writeFileSync('file', '');
});
afterAll(() => {
  vi.unstubAllEnvs();
  process.chdir(start);
  rmSync(root, { recursive: true, force: true });
});

it.each<[string[], RegExp]>([
  [['compare', '--processes', '0.5'], /--processes <count>.* expected a whole number from 1/],
  [['compare', '--processes', '0'], /expected a whole number from 1/],
  [['compare', '--models', 'detr, detr'], /names a model twice: detr, detr/],
  [['compare', '--models', 'dn-detr , dab-detr+denoising.groups=0'], /denoising.groups is not used by dab-detr/],
  [['compare', '--models', 'detr,dn-detr+model.heads=3'], /dn-detr\+model\.heads=3: model\..*heads/],
  [['compare', '--seeds', '1,'], /expected a count such as 3, or different whole numbers/],
  [['ablate', 'groups', '--cells', ' 0, 17'], /there is no cell '17'/],
])('%j exits with 2 and says what was expected', async (args, message) => {
  const { code, stdout, stderr } = await program(...args);
  expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  expect(existsSync('runs')).toBe(false);
});

it('warns before any run begins, once for each number of queries, which models have fewer queries than objects', async () => {
  const names = ['dn-detr+model.queries=2', 'detr+model.queries=2', 'detr+model.queries=3', 'detr'];
  mkdirSync('few');
  // So that none does.
  for (const name of names) writeFileSync(path.join('few', folderName(name)), '');
  const { stderr } = await program('compare', '--models', names.join(), '--recipe', 'quick', '--out', 'few');
  const notes = stderr.split('\n').filter((line) => line.startsWith('note: '));
  expect(notes).toEqual([
    expect.stringMatching(
      /^note: dn-detr\+model.queries=2, detr\+model.queries=2: a query finds .* 2 queries for up to 4 objects in an image: /,
    ),
    expect.stringMatching(/^note: detr\+model.queries=3: .* 3 queries .* in train .* in val .* model.queries=4 gives/),
  ]);
  expect(stderr.indexOf('note: ')).toBeLessThan(stderr.indexOf('failed'));
  rmSync('few', { recursive: true });
});

it('names a run that fails before it begins, and exits with 1', async () => {
  const config = resolveConfig(recipeNamed('quick').config, 'quick');
  const done = runFolder(path.resolve('begun', 'dab-detr', 'seed-0'));
  writeRun(done.path);
  const stored = { ...config, model: { ...config.model, name: 'dab-detr' } };
  writeJson(done.config, { ...readJson<object>(done.config), config: stored });
  writeFileSync(path.join('begun', 'dn-detr'), 'a file where the folder of its runs should be');
  const { code, stderr } = await program(
    'compare',
    '--models',
    'dab-detr,dn-detr',
    '--recipe',
    'quick',
    '--out',
    'begun',
  );
  expect(stderr).toMatch(/^failed: dn-detr seed 0; run the same command to try again$/m);
  expect(code).toBe(1);
  rmSync('begun', { recursive: true });
});

it('gives only advice that applies to comparisons if the folder holds another run', async () => {
  writeRun(path.resolve('other', 'detr', 'seed-0'));
  const { code, stderr } = await program('compare', '--models', 'detr', '--recipe', 'quick', '--out', 'other');
  expect(code).toBe(1);
  expect(stderr).toMatch(
    / holds a run with other settings: .* Name another folder, or delete this one\nchoose another folder with --out\n$/,
  );
  rmSync('other', { recursive: true });
});

it.each([
  [1, ['compare']],
  [1, ['compare', '--data', 'shapes']],
  [1, ['ablate', 'groups', '--data', 'shapes']],
  [0, ['compare', '--data', 'shapes', '--recipe', 'quick']],
])('says %i times that the smaller recipe is used, for %j without native TensorFlow', async (times, args) => {
  const { stderr } = await program(...args, '--out', 'file');
  expect(stderr).toMatch(/^error: .*file cannot be written/m);
  expect(stderr.match(/quick-wasm/g) ?? []).toHaveLength(times);
});

it('quotes a command so that a shell reads it as the same command', () => {
  const typed = ['ablate', 'components', '--cells', 'both, no mask', '--out', "it's $HOME `x`"];
  expect(typedCommand(typed)).toBe(
    `npm start -- ablate components --cells 'both, no mask' --out 'it'\\''s $HOME \`x\`'`,
  );
});

it.each([
  ['compare', '--models', 'detr,dn-detr'],
  ['ablate', 'groups'],
])('%s refuses a file in place of its folder once, and starts nothing', async (...args) => {
  const { code, stdout, stderr } = await program(...args, '--out', 'file');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr.match(/cannot be written/g)).toHaveLength(1);
  expect(stderr).toMatch(/^error: .*file cannot be written: a part of its path is a file/m);
  expect(stderr).not.toMatch(/ at a time/);
  expect(readdirSync('.')).toEqual(['file']);
});
