/** Tests that models can learn: they memorise a few images. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { program } from '@dn-detr/experiments/testing/program';
import { smallConfig } from '@dn-detr/testing/small-run';
import { writeJson } from '@dn-detr/train/files';
import { afterAll, beforeAll, expect, it } from 'vitest';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-overfit-'));
  const config = smallConfig({
    'model.backbone': { kind: 'tiny', channels: [32, 64] },
    'model.width': 64,
    'model.heads': 4,
    'model.feedForward': 128,
    'model.queries': 12,
    'denoising.groups': 5,
    'data.shapes.size': 48,
    'data.shapes.classes': ['disc', 'square', 'triangle'],
    'data.shapes.scale.least': 0.3,
    'data.shapes.scale.most': 0.5,
    'data.shapes.rotation': false,
    'data.canvas': { height: 48, width: 48 },
    'schedule.drops': [],
    'schedule.warmUp': 20,
    'length.count': 300,
    'evaluation.every': 50,
    'checkpoint.every': 300,
  });
  writeJson(path.join(root, 'four.json'), { config });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

// Each of the seeds 0 to 7 (0 to 5 with contrastive denoising) is at 1.0 from step 250 on, and at 0.7 or less after 50.
it.each([
  ['dab-detr', []],
  ['dn-detr', []],
  ['dn-detr', ['--set', 'denoising.kind=contrastive']],
])('%s learns four images: %j', { timeout: 300_000 }, async (model, settings) => {
  const out = path.join(root, `${model}${settings.length}`);
  const what = ['--config', path.join(root, 'four.json'), '--model', model, '--overfit', '4', ...settings];
  const { code, stdout } = await program('train', ...what, '--out', out, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout).evaluation).toMatchObject({ step: 300, epoch: 300 });
  expect(JSON.parse(stdout).evaluation.AP50).toBeGreaterThan(0.9);
});
