import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeRun } from '@dn-detr/testing/stored-runs';
import type { DottedValues } from '@dn-detr/train';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { namedRuns } from './named-runs.ts';
import { summarize } from './summarize.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-named-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The runs of these settings, under their names. */
function named(...runs: DottedValues[]) {
  const folders = runs.map((settings, i) => {
    const folder = path.join(root, `${i}`);
    writeRun(folder, { settings });
    return folder;
  });
  return namedRuns(folders);
}
const names = (...runs: DottedValues[]) => named(...runs).map(({ model }) => model);

it('are named by the settings in which they differ, except those that do not affect results', () => {
  expect(
    names(
      { 'length.count': 12, 'evaluation.every': 4 },
      { 'length.count': 20, 'evaluation.every': 10, 'checkpoint.every': 200, 'data.cacheMiB': 1, threadsPerOp: 2 },
    ),
  ).toEqual(['dn-detr+length.count=12', 'dn-detr+length.count=20']);
});

it('are named without settings that their model does not use', () => {
  expect(names({ 'model.name': 'dab-detr', 'denoising.groups': 1 }, { 'model.name': 'dab-detr', seed: 1 })).toEqual([
    'dab-detr',
    'dab-detr',
  ]);
});

it('are named by their kind of denoising, without settings that only one kind has', () => {
  const contrastive = { 'denoising.kind': 'contrastive', 'denoising.labelNoise': 0.5 };
  expect(names({ 'denoising.labelNoise': 0.2 }, contrastive)).toEqual([
    'dn-detr+denoising.kind="dn"+denoising.labelNoise=0.2',
    'dn-detr+denoising.kind="contrastive"+denoising.labelNoise=0.5',
  ]);
  const kind = { 'denoising.kind': 'contrastive' };
  expect(names({ 'denoising.centerNoise': 0.4 }, { 'denoising.centerNoise': 0.8 }, kind)).toEqual([
    'dn-detr+denoising.kind="dn"+denoising.centerNoise=0.4',
    'dn-detr+denoising.kind="dn"+denoising.centerNoise=0.8',
    'dn-detr+denoising.kind="contrastive"',
  ]);
});

it('are named by the files that they started from, with hashes only if the files have the same name', () => {
  const init = (file: string, digit: string) => ({ init: { file, hash: digit.repeat(64) } });
  expect(names({}, init('a.safetensors', '1'), init('b.safetensors', '2'))).toEqual([
    'dn-detr+init="none"',
    'dn-detr+init.file="a.safetensors"',
    'dn-detr+init.file="b.safetensors"',
  ]);
  expect(names(init('a.safetensors', '1'), init('a.safetensors', '2'))).toEqual([
    'dn-detr+init.hash="11111111"',
    'dn-detr+init.hash="22222222"',
  ]);
});

it('are named by settings that do not affect results if nothing else differs', () => {
  expect(names({ threadsPerOp: 1 }, { threadsPerOp: 2 })).toEqual(['dn-detr+threadsPerOp=1', 'dn-detr+threadsPerOp=2']);
});

it('all have the longer name if one of them needs it', () => {
  expect(names({ threadsPerOp: 1 }, { threadsPerOp: 2 }, { threadsPerOp: 1, seed: 1 })).toEqual([
    'dn-detr+threadsPerOp=1',
    'dn-detr+threadsPerOp=2',
    'dn-detr+threadsPerOp=1',
  ]);
});

it('are refused if they do not differ', () => {
  expect(() => named({}, {})).toThrow(/0 and .*1 are both dn-detr with seed 0/);
});

it('are runs of one model if only such settings differ, which the summary shows', () => {
  const runs = named({ seed: 0, 'evaluation.every': 4 }, { seed: 1, 'evaluation.every': 10 });
  const { models } = summarize(runs, { name: '', command: '', recipe: '', folder: root });
  expect(models).toMatchObject([
    { name: 'dn-detr', runs: [{ seed: 0 }, { seed: 1 }], settings: { 'evaluation.every': '4 or 10' } },
  ]);
});
