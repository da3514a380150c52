/** Tests users’ images without a recipe: one is chosen, and its time and memory are measured in a separate process. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Summary } from '@dn-detr/report';
import { smallConfig } from '@dn-detr/testing/small-run';
import { measure, readStoredConfig, runFolder, UserError } from '@dn-detr/train';
import { readJson } from '@dn-detr/train/files';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { nodeArguments, runCli } from './cli.ts';

const bccd = fileURLToPath(new URL('../fixtures/data/bccd', import.meta.url));
let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-own-'));
  // Child processes inherit the environment.
  vi.spyOn(process, 'execArgv', 'get').mockReturnValue(nodeArguments);
});
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

it('compare chooses photographs, and prints the choice with its time and memory', async () => {
  const args = ['compare', '--data', bccd, '--models', 'dino', '--steps', '2', '--out', 'own'];
  const { code, stderr } = await runCli(args, root);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toMatch(
    /^pretrained features, since dino takes several levels of them: recipe photographs, 320 × 240 \(images are most often 320 × 240\), where /m,
  );
  expect(stderr).toMatch(/^measuring a few steps of dino$/m);
  expect(stderr).toMatch(/^1 model × 1 seed × 2 steps, in own: about [\d.]+ s with \d\.\d GiB of memory$/m);
  expect(readJson<Summary>(path.join(root, 'own', 'summary.json')).recipe).toBe('photographs');
  const again = await runCli(args, root);
  expect(again.code).toBe(0);
  expect(again.stderr).not.toContain('measuring');
});

it('train chooses the recipe that is known to work if the model has one feature map', async () => {
  const args = ['train', '--data', bccd, '--model', 'dn-detr', '--steps', '2', '--out', 'one'];
  const { code, stderr } = await runCli(args, root);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toMatch(/^from scratch, since dn-detr takes one feature map: recipe small, 128 × 96 \(images /m);
  expect(stderr).toMatch(/^train dn-detr \(recipe small\) .*: about [\d.]+ s with \d\.\d GiB of memory$/m);
  expect(readStoredConfig(runFolder(path.join(root, 'one')).config).config.model.backbone.kind).toBe('tiny');
});

it('refuses to begin what cannot work', async () => {
  const args = ['train', '--data', bccd, '--model', 'dino', '--set', 'model.queries=900', '--out', 'never'];
  const { code, stderr } = await runCli(args, root);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: dino cannot be trained like this: .*900/m);
  expect(existsSync(path.join(root, 'never'))).toBe(false);
});

const { signal } = new AbortController();
const run = (name: string, values = {}) => ({ name, config: smallConfig({ 'model.name': name, ...values }) });

it('estimates a longer time for a longer run', async () => {
  const [detr, long] = (await measure([run('detr'), run('dn-detr', { 'length.count': 100_000 })], { signal })) ?? [];
  expect(detr?.seconds).toBeGreaterThan(1);
  expect(detr?.memoryMiB).toBeGreaterThan(100);
  expect(detr?.cores).toBeGreaterThan(0.1);
  expect(long?.seconds).toBeGreaterThan(10 * (detr?.seconds ?? 0));
});

it('ends a process that exceeds its memory limit', async () => {
  await expect(measure([run('detr')], { signal, limitMiB: 50 })).rejects.toThrow(
    /^detr cannot be trained like this: a step takes more memory than there is \(0\.0 GiB\).*model\.queries \(8\)/s,
  );
});

it('refuses models that are too large to be created with the same message', async () => {
  const refused = measure([run('dn-detr', { 'model.queries': 900_000 })], { signal });
  await expect(refused).rejects.toThrow(UserError);
  await expect(refused).rejects.toThrow(
    /^dn-detr cannot be trained like this: a step takes more memory .*model\.queries \(900000\)[^\n]*$/,
  );
});

it('does not treat a bug as a refusal', async () => {
  const { name, config } = run('detr');
  const broken = { ...config, optimizer: undefined as unknown as typeof config.optimizer };
  const failure = await measure([{ name, config: broken }], { signal }).catch((error) => error);
  expect(failure).not.toBeInstanceOf(UserError);
  expect(failure.message).toMatch(/^measuring detr failed: TypeError: .*\n +at /);
});

it('a measurement can be stopped', async () => {
  const controller = new AbortController();
  const measured = measure([run('detr')], { signal: controller.signal });
  setTimeout(() => controller.abort(), 500);
  expect(await measured).toBeUndefined();
});
