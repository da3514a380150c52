import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { program } from '../../../test/support/program.ts';

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
  [['compare', '--models', 'dn-detr , dab-detr+denoising.groups=0'], /denoising.groups changes nothing for dab-detr/],
  [['ablate', 'groups', '--cells', ' 0, 17'], /there is no cell '17'/],
])('%j ends with 2 and says what was expected', async (args, message) => {
  const { code, stdout, stderr } = await program(...args);
  expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  expect(existsSync('runs')).toBe(false);
});

it.each([
  ['compare', '--models', 'detr,dn-detr'],
  ['ablate', 'groups'],
])('%s with a file for a folder says so once, and starts nothing', async (...args) => {
  const { code, stdout, stderr } = await program(...args, '--out', 'file');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr.match(/cannot be written/g)).toHaveLength(1);
  expect(stderr).toMatch(/^error: .*file cannot be written: a part of its path is a file/m);
  expect(stderr).not.toMatch(/ at a time/);
  expect(readdirSync('.')).toEqual(['file']);
});
