/** `gpu-check` as a user calls it, on a machine that has no GPU. */
import { mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gpuSwitch } from '@dn-detr/runtime';
import { runProcess } from '@dn-detr/testing/process';
import { root } from '@dn-detr/testing/readme';
import { expect, it } from 'vitest';

it('compares captured steps with what the CPU computes, in a table and a file', async () => {
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'dn-detr-gpu-check-')), 'check.json');
  const args = ['--silent', 'start', '--', 'gpu-check', '--config', 'micro', '--out', file];
  const env = { ...process.env, [gpuSwitch]: 'off', TF_CPP_MIN_LOG_LEVEL: '1' };
  const { code, stdout, stderr } = await runProcess('npm', args, { cwd: root, env });
  expect(stderr).toMatch(/^note: steps ran on the CPU, so this says nothing of a GPU$/m);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^products +\d+ at 512 × 512, \d+ at 1024 × 1024 GFLOP\/s$/m);
  expect(stdout).toMatch(/│ micro +│ [\d.]+ +│ [\d.]+ +│ [\d.]+ s +│ \d+ MiB +│ .* │ yes +│ ok │/);
  const found = JSON.parse(readFileSync(file, 'utf8'));
  expect(found).toMatchObject({
    tensorflow: { gpu: false, devices: [{ type: 'CPU' }] },
    variables: { [gpuSwitch]: 'off', TF_CPP_MIN_LOG_LEVEL: '1' },
    rows: [{ config: 'micro', problems: [], deterministic: { sameBits: true } }],
  });
  const [{ measured, gradientError }] = found.rows;
  expect(new Set(measured.losses).size).toBe(measured.losses.length);
  // Native ops round in another order than those that they are compared with: a difference of 0 would be of one with itself.
  expect(gradientError).toBeGreaterThan(0);
  expect(found.environment.versions).toHaveProperty('dn-detr');
});
