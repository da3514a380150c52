import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('main.ts', import.meta.url));

it.each([
  ['builds that are switched off', { DN_DETR_NATIVE: 'off' }, ['--gpu'], /GPUs is not available: .*DN_DETR_NATIVE=off/],
  ['a setting that means nothing', { DN_DETR_GPU: '0' }, ['--gpu'], /unknown value DN_DETR_GPU=0: expected on or off/],
])('ends with 1 and fetches nothing for %s', (_, environment, options, words) => {
  const cache = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-cache-'));
  const node = ['--conditions=@dn-detr/source', '--import', import.meta.resolve('tsx')];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...node, program, ...options], {
    env: { ...process.env, XDG_CACHE_HOME: cache, DN_DETR_NATIVE: '', DN_DETR_GPU: '', ...environment },
    encoding: 'utf8',
  });
  expect(stderr).toMatch(words);
  expect(stderr).not.toMatch(/^ +at /m);
  expect({ status, stdout, files: readdirSync(cache) }).toEqual({ status: 1, stdout: '', files: [] });
});
