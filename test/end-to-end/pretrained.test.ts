/** Tests runs with pretrained weights: with those of EfficientNet-Lite0, and if they cannot be downloaded. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { readCheckpoint } from '@dn-detr/core';
import { program } from '@dn-detr/experiments/testing/program';
import type { Summary } from '@dn-detr/report';
import { tensorsOf } from '@dn-detr/testing/run-files';
import { smallOptions } from '@dn-detr/testing/small-options';
import { efficientnetLiteWeights, fetchWeights, type PretrainedWeights, runFolder } from '@dn-detr/train';
import { readJson } from '@dn-detr/train/files';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runCli } from './cli.ts';

let root: string;
const start = process.cwd();
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-pretrained-'));
  process.chdir(root);
});
afterAll(() => {
  process.chdir(start);
  rmSync(root, { recursive: true, force: true });
});

const lite = smallOptions({
  'model.backbone': { kind: 'efficientnet-lite' },
  'data.canvas': { height: 64, width: 64 },
});
const short = ['--steps', '2', '--set', 'evaluation.every=2'];

it('compare, eval and report with EfficientNet-Lite0', async () => {
  const [weights] = efficientnetLiteWeights as [PretrainedWeights];
  const file = await fetchWeights(weights);
  const models = ['--models', 'detr,dab-detr', '--processes', '2'];
  const { code, stderr } = await runCli(['compare', ...models, ...lite, ...short, '--out', 'both'], root);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  // Printed once, not for each run.
  expect(stderr.match(/the backbone starts from the weights efficientnet-lite0 \(Apache-2\.0/g)).toHaveLength(1);
  const { settings, pretrained } = readJson<Summary>(path.join('both', 'summary.json'));
  expect(settings.init).toBe('pretrained');
  expect(pretrained).toMatchObject([{ name: 'efficientnet-lite0', sha256: weights.sha256, licence: 'Apache-2.0' }]);
  expect(readFileSync(path.join('both', 'report.html'), 'utf8')).toContain('licence Apache-2.0');
  const { best } = runFolder(path.join('both', 'detr', 'seed-0'));
  const given = readCheckpoint(readFileSync(file), file).tensors;
  const kept = tensorsOf(best);
  const names = Object.keys(kept).filter((name) => given.has(name));
  expect(names.length).toBeGreaterThan(200);
  for (const name of names) expect(kept[name], name).toEqual(Array.from(given.get(name)?.data ?? []));
  expect(await program('eval', '--checkpoint', best)).toMatchObject({ code: 0 });
});

it('does not begin a comparison if they cannot be downloaded, and says what to do', async () => {
  vi.stubEnv('XDG_CACHE_HOME', path.join(root, 'empty'));
  vi.stubEnv('PIP_NO_INDEX', '1');
  vi.stubEnv('PIP_FIND_LINKS', pathToFileURL(root).href);
  const args = ['compare', '--models', 'detr,dab-detr', ...lite, ...short, '--backend', 'cpu', '--out', 'offline'];
  const { code, stderr } = await program(...args);
  expect(code).toBe(1);
  expect(stderr.match(/error: the pretrained weights efficientnet-lite0 cannot be fetched: /g)).toHaveLength(1);
  expect(stderr).toContain(`and put the file at ${path.join(root, 'empty', 'dn-detr', 'weights')}`);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(existsSync(path.join('offline', 'detr'))).toBe(false);
  const random = await program(...args, '--init', 'none');
  expect(random).toMatchObject({ code: 2, stderr: expect.stringContaining('would stay at random values') });
  vi.unstubAllEnvs();
});
