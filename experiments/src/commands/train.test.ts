import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeRun } from '@dn-detr/testing/stored-runs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { program } from '../testing/program.ts';

const bccd = fileURLToPath(new URL('../../../test/fixtures/data/bccd', import.meta.url));

let root: string;
const start = process.cwd();
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-train-'));
  process.chdir(root);
  vi.stubEnv('DN_DETR_BACKEND', 'cpu');
});
afterAll(() => {
  vi.unstubAllEnvs();
  process.chdir(start);
  rmSync(root, { recursive: true, force: true });
});

it('refuses a folder that already holds a run before anything is measured', async () => {
  writeRun(path.resolve('mine'));
  const { code, stderr } = await program('train', '--data', bccd, '--out', 'mine');
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /mine holds a run already: .*\ncontinue that run with --resume, or choose another folder with --out\n$/,
  );
  expect(stderr).not.toContain('measuring');
});

it('resumes a run in its default folder without a recipe, and explains once what photos means', async () => {
  writeRun(path.resolve('runs', 'dn-deformable-detr-bccd-seed-0'));
  mkdirSync('photos');
  // It cannot be resumed: the existing run was on other data.
  const { code, stderr } = await program('train', '--data', 'photos', '--resume');
  expect(code).toBe(1);
  expect(stderr).toContain('resumed with its settings');
  expect(stderr).not.toContain('--recipe selects another');
  expect(stderr.match(/for the folder of this name write/g)).toHaveLength(1);
  expect(stderr).toMatch(/\nchoose another folder with --out\n$/);
});
