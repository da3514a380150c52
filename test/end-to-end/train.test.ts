/** Tests short runs from the command line. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { program } from '@dn-detr/experiments/testing/program';
import { evaluationsOf, metricsOf, tensorsOf } from '@dn-detr/testing/run-files';
import { smallConfig } from '@dn-detr/testing/small-run';
import { runFolder, type StoredConfig } from '@dn-detr/train';
import { readJson, writeJson } from '@dn-detr/train/files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let root: string;
const start = process.cwd();
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-train-'));
  process.chdir(root);
  writeJson('small.json', { config: smallConfig({ 'length.count': 4, 'evaluation.every': 2 }) });
  writeFileSync('file', '');
});
afterAll(() => {
  process.chdir(start);
  rmSync(root, { recursive: true, force: true });
});

const small = (...options: string[]) => program('train', '--config', 'small.json', ...options);

describe('train', () => {
  it('--dry-run counts and measures, and saves nothing', async () => {
    const { code, stdout } = await small('--dry-run', '--json', '--out', 'dry');
    expect(code).toBe(0);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ model: 'dn-detr', images: { train: 10, val: 4 }, stepsPerEpoch: 3, steps: 4 });
    expect(found.cost).toMatchObject({ input: { height: 32, width: 32 }, flops: 2 * found.cost.macs });
    expect(found.secondsPerStep).toBeGreaterThan(0);
    expect(found.expectedSeconds).toBeCloseTo(4 * found.secondsPerStep, 9);
    expect(found.peakMiB).toBeGreaterThan(100);
    expect(existsSync(path.join(root, 'dry'))).toBe(false);
    const { stderr } = await small('--dry-run', '--backend', 'cpu');
    expect(stderr.match(/without native TensorFlow a step takes 10 to 25 times as long/g)).toHaveLength(1);
  });

  it('resumes with the settings of the run in its folder, and says so', async () => {
    const begun = await small('--out', 'mine', '--resume', '--set', 'model.preNorm=true');
    expect(begun.code).toBe(0);
    expect(begun.stderr).toContain('note: model.preNorm is not used by dn-detr\n');
    expect(begun.stderr).toContain('there is no run in mine yet: starting a new one\n');
    expect(begun.stderr).toMatch(
      /^train dn-detr \(settings of small.json\) on shapes, 4 steps, backend \w+, in mine$/m,
    );
    const { environment } = readJson<StoredConfig>(runFolder('mine').config);
    expect(environment.versions).toMatchObject({ sharp: expect.stringMatching(/^\d/) });

    const again = await program('train', '--resume', '--out', 'mine', '--set', 'checkpoint.every=7');
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^done: 4 steps/) });
    expect(again.stderr).toMatch(/^train dn-detr \(resumed with its settings\) on shapes, 4 steps/m);
    const other = await program('train', '--resume', '--out', 'mine', '--set', 'batchSize=2');
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/other settings: batchSize \(was 4, is 2\)\./),
    });
  }, 60_000);

  it('loads the weights that fit, lists the others, and can be reported together with the original run', async () => {
    expect(await small('--out', 'source')).toMatchObject({ code: 0 });
    const { last } = runFolder(path.join(root, 'source'));

    const unfit = await small('--out', 'other', '--init', 'file');
    expect(unfit).toMatchObject({ code: 1, stderr: expect.stringMatching(/file: neither a safetensors file nor/) });
    // No run has begun, so the folder is free for the next attempt.
    const classes = ['--set', 'data.shapes.classes=["ring","star","disc"]'];
    const other = await small('--out', 'other', '--init', last, ...classes, '--set', 'optimizer.learningRate=0');
    expect(other).toMatchObject({ code: 0, stdout: expect.stringMatching(/^done: 4 steps in .*\nother\n$/) });
    expect(other.stderr).toMatch(/start from .*last.safetensors \(.*\): \d+ of \d+ parameters, 9\d % of/);
    expect(other.stderr).toMatch(/ {2}for other classes: class_embed \(2\), label_enc.weight\n/);
    const { config, initSkipped } = readJson<StoredConfig>(runFolder(path.join(root, 'other')).config);
    expect(config.init).toMatchObject({ file: last });
    expect(initSkipped?.unused).toEqual([]);
    expect(initSkipped?.drawn).toContain('class_embed.weight');
    const [from, to] = [last, runFolder(path.join(root, 'other')).last].map(tensorsOf) as [Tensors, Tensors];
    const taken = Object.keys(from).filter((name) => name.startsWith('transformer.encoder') && name.endsWith('weight'));
    expect(taken.length).toBeGreaterThan(3);
    for (const name of taken) expect(to[name], name).toEqual(from[name]);

    expect(await small('--out', 'again', '--seed', '1', '--set', 'batchSize=2')).toMatchObject({ code: 0 });
    const both = await program('report', 'source', 'again', '--out', 'both.html', '--json');
    expect(both).toMatchObject({ code: 0 });
    const { models } = JSON.parse(both.stdout);
    expect(models.map(({ name, runs }: Model) => [name, runs.map(({ seed, status }) => `${seed} ${status}`)])).toEqual([
      ['dn-detr+batchSize=4', ['0 done']],
      ['dn-detr+batchSize=2', ['1 done']],
    ]);
    expect(readFileSync(path.join(root, 'both.html'), 'utf8')).toContain('batchSize');
    const unlike = await program('report', 'source', 'other', '--out', 'unlike.html');
    expect(unlike).toMatchObject({ code: 1, stdout: '' });
    expect(unlike.stderr).toMatch(/other was trained or evaluated on other data than .*source/);
  }, 120_000);

  it('--overfit evaluates on the images it trains on', async () => {
    const { code, stdout } = await small('--overfit', '2', '--json');
    expect(code).toBe(0);
    const folder = path.join(root, 'runs', 'dn-detr-shapes-overfit-2-seed-0');
    expect(JSON.parse(stdout)).toMatchObject({
      folder,
      step: 4,
      finished: true,
      evaluation: evaluationsOf(folder).at(-1),
    });
    // Two images make one batch, which could hold four.
    expect(metricsOf(folder).map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
  });
});

type Tensors = ReturnType<typeof tensorsOf>;
type Model = { name: string; runs: { seed: number; status: string }[] };
