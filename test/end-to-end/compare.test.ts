/** Tests comparisons from the command to the files. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ModelSummary, Summary } from '@dn-detr/report';
import { root as workspace } from '@dn-detr/testing/readme';
import { evaluationsOf, metricsOf, tensorsOf } from '@dn-detr/testing/run-files';
import { smallOptions } from '@dn-detr/testing/small-options';
import { readStoredConfig, runFolder } from '@dn-detr/train';
import { readJson } from '@dn-detr/train/files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './cli.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-compare-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const compare = (out: string, models: readonly string[], ...options: string[]) =>
  runCli(['compare', '--out', out, '--models', models.join(','), '--processes', '2', ...options], root);
const modelOf = ({ models }: Summary, name: string): ModelSummary => {
  const found = models.find((model) => model.name === name);
  if (!found) throw new Error(`no ${name} in the summary`);
  return found;
};

/** Names of all fields, except those of settings and versions, which the schema does not fix. */
function fieldsOf(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  for (const [name, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) found.add(name);
    if (name !== 'settings' && name !== 'versions') fieldsOf(inner, found);
  }
  return found;
}

describe('a comparison', { timeout: 120_000 }, () => {
  const models = ['dn-detr', 'dn-detr+denoising.groups=0'];
  const options = [...smallOptions({ 'evaluation.every': 4 }), '--steps', '8', '--json'];

  it('prints its result, continues with another seed, and does not repeat finished runs', async () => {
    const first = await compare('two', models, ...options);
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^2 models × 1 seed × 8 steps, 2 at a time, in two$/m),
    });
    const one: Summary = JSON.parse(first.stdout);
    const folder = path.join(root, 'two');
    expect(readJson(path.join(folder, 'summary.json'))).toEqual(one);
    expect(one).toMatchObject({
      schema: 2,
      name: 'two',
      recipe: 'quick',
      finished: true,
      data: { source: 'shapes', classes: ['disc', 'square', 'triangle'], train: 10, val: 4 },
      environments: [{ node: process.versions.node }],
    });
    expect(one.command).toMatch(/^npm start -- compare --out two --models dn-detr,dn-detr\+denoising.groups=0 /);
    expect(one.models.map(({ name }) => name)).toEqual(models);
    expect(one.models.map(({ settings }) => settings)).toEqual([{ 'denoising.groups': 2 }, { 'denoising.groups': 0 }]);
    expect(one.settings).toMatchObject({ 'model.name': 'dn-detr', 'length.count': 8, batchSize: 4 });
    for (const { runs } of one.models) {
      expect(runs).toHaveLength(1);
      const [run] = runs;
      expect(run).toMatchObject({ seed: 0, status: 'done', onPlateau: expect.any(Boolean) });
      const own = path.join(folder, run?.folder as string);
      expect(path.basename(own)).toBe('seed-0');
      const stored = readStoredConfig(runFolder(own).config);
      expect(stored).toMatchObject({ config: { seed: 0 }, data: { hash: one.data.hash } });
      expect(stored.parameters).toBe(modelOf(one, models[0] as string).parameters);
      expect(run?.curve.map(({ step }) => step)).toEqual([4, 8]);
      const lines = evaluationsOf(own);
      for (const [i, point] of (run?.curve ?? []).entries()) {
        const { seconds, ...untimed } = point;
        expect(seconds).toBeGreaterThan(0);
        expect(lines[i]).toMatchObject(untimed);
      }
      const {
        loss: _,
        losses: ______,
        instability: __,
        instabilityRaw: ___,
        instabilityByLayer: ____,
        anchorDistance: _____,
        ...final
      } = lines[1] as (typeof lines)[number];
      expect(run?.final).toEqual({ ...final, seconds: run?.curve[1]?.seconds });
    }
    expect(one.comparisons.map(({ metric, at }) => `${metric} ${at}`).sort()).toEqual([
      'AP seconds',
      'AP steps',
      'AP50 seconds',
      'AP50 steps',
    ]);
    expect(one.comparisons[0]).toMatchObject({ model: models[1], baseline: models[0], n: 1 });
    expect(one.stepsRatios.map(({ metric }) => metric)).toEqual(['AP50', 'AP']);
    expect(readFileSync(path.join(folder, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/i);

    const stamps = () =>
      one.models.map(({ runs: [run] }) => statSync(runFolder(path.join(folder, run?.folder as string)).last).mtimeMs);
    const before = stamps();
    const second = await compare('two', models, ...options, '--seeds', '2');
    expect(second).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^2 of 4 runs in .*two are already done$/m),
    });
    const two: Summary = JSON.parse(second.stdout);
    expect(stamps()).toEqual(before);
    for (const { name, runs } of two.models) {
      expect(runs.map(({ seed }) => seed)).toEqual([0, 1]);
      expect(runs[0]).toEqual(modelOf(one, name).runs[0]);
      expect(runs[1]?.curve[0]?.loss).not.toBe(runs[0]?.curve[0]?.loss);
    }
    expect(two.comparisons[0]).toMatchObject({ n: 2, interval: { level: expect.any(Number) } });

    const documented = readFileSync(path.join(workspace, 'docs', 'run-folder.md'), 'utf8');
    const { settings: _, ...fields } = two;
    const undocumented = [...fieldsOf(fields)].filter((name) => !documented.includes(`\`${name}\``));
    expect(undocumented).toEqual([]);

    const other = await compare('two', models, ...options, '--set', 'batchSize=2');
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toMatch(
      /^error: .*two.dn-detr.seed-0 holds a run with other settings: batchSize \(was 4, is 2\)/m,
    );
    expect(readJson(path.join(folder, 'summary.json'))).toEqual(two);
  });

  it('gives all models the same initial weights, data and random numbers, and completes the others if one fails', async () => {
    // Without learning, the loss of a step's matching queries depends only on its images and the initial weights.
    const still = ['optimizer.learningRate=0', 'optimizer.backboneLearningRate=0', 'optimizer.clipNorm=1'];
    const wild = 'dab-detr+optimizer.learningRate=1e30';
    const { code, stdout, stderr } = await compare(
      'still',
      [...models, 'dab-detr', wild],
      ...smallOptions({ 'data.augmentation.jitter.brightness': 0.4 }),
      ...still.flatMap((setting) => ['--set', setting]),
      '--steps',
      '7',
    );
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toMatch(/^dab-detr\+optimizer.learningRate=1e30 seed 0 failed: training stopped at step \d: /m);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toMatch(/seed 0, failed/);
    const summary = readJson<Summary>(path.join(root, 'still', 'summary.json'));
    expect(summary.models.map(({ runs: [run] }) => run?.status)).toEqual(['done', 'done', 'done', 'failed']);
    expect(modelOf(summary, wild).runs[0]?.message).toMatch(/^training stopped at step/);

    const [noised, plain, dab] = [...models, 'dab-detr'].map((name) =>
      path.join(root, 'still', modelOf(summary, name).runs[0]?.folder as string),
    ) as [string, string, string];
    const [weights, ...others] = [noised, plain, dab].map((folder) => tensorsOf(runFolder(folder).best));
    const common = Object.keys(weights as object);
    expect(common.length).toBeGreaterThan(50);
    expect(others[0]).toEqual(weights);
    // Without an indicator the label embedding is one wider and has another name.
    const shared = common.filter((name) => others[1]?.[name]?.length === weights?.[name]?.length);
    expect(shared.length).toBeGreaterThan(common.length - 5);
    for (const name of shared) expect(others[1]?.[name], name).toEqual(weights?.[name]);

    const [a, b] = [metricsOf(noised), metricsOf(plain)];
    expect(a).toHaveLength(7);
    for (const [i, line] of a.entries()) {
      for (const term of ['loss_ce', 'loss_bbox', 'loss_giou']) {
        expect(b[i]?.[term] as number, `${term} of step ${i + 1}`).toBeCloseTo(line[term] as number, 4);
      }
    }
    // Different batches differ by far more.
    expect(new Set(a.map(({ loss_bbox }) => (loss_bbox as number).toFixed(4))).size).toBe(7);
  });

  it('stops its runs and says so if it cannot write its summary', async () => {
    mkdirSync(path.join(root, 'blocked', 'summary.json'), { recursive: true });
    const { code, stdout, stderr } = await compare(
      'blocked',
      ['dn-detr+length.count=2', 'dn-detr+length.count=1000000'],
      ...smallOptions(),
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: .*summary.json cannot be written: /m);
    const { result } = runFolder(path.join(root, 'blocked', 'dn-detr_length.count=1000000', 'seed-0'));
    expect(existsSync(result) && readJson(result)).toMatchObject({ finished: false });
  });
});
