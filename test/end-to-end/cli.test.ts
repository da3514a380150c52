/** Tests the command line as users see it: results on stdout, the rest on stderr, errors without a stack trace. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Finished, runProcess } from '@dn-detr/testing/process';
import { pythonStandIn } from '@dn-detr/testing/python-stand-in';
import { root } from '@dn-detr/testing/readme';
import { efficientnetLiteWeights, weightsFile } from '@dn-detr/train';
import { describe, expect, it } from 'vitest';

const fixtures = path.join('test', 'fixtures', 'parity');

const cli = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> =>
  runProcess('npm', ['--silent', 'start', '--', ...args], { cwd: root, env: { ...process.env, ...env } });

describe('npm start', () => {
  it('prints the doctor as one JSON document', async () => {
    const { code, stdout } = await cli(['doctor', '--json']);
    expect(code).toBe(0);
    const found = JSON.parse(stdout);
    expect(found.node).toBe(process.versions.node);
    expect(found.speed.matmulGflops).toBeGreaterThan(0);
    expect(found.findings.length).toBeGreaterThan(5);
  });

  it('agrees with the references without native ops, which doctor then reports as missing', async () => {
    const env = { DN_DETR_NATIVE_OPS: 'off' };
    const only = ['--only', 'msda', 'model_dn_deformable_conv', 'model_deformable_refine_conv'];
    const { code, stdout } = await cli(['parity', '--dir', fixtures, ...only, '--json'], env);
    expect(JSON.parse(stdout)).toMatchObject({ passed: 6, failed: 0 });
    expect(code).toBe(0);
    const doctor = JSON.parse((await cli(['doctor', '--json'], env)).stdout);
    expect(doctor.backend.tensorflow.ops).toMatchObject({
      names: [],
      reason: expect.stringMatching('DN_DETR_NATIVE_OPS'),
    });
  });

  it('runs on WASM with a notice if native TensorFlow is off, and lists the pretrained weights', async () => {
    const cache = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-cache-'));
    const [, file] = efficientnetLiteWeights.map((weights) => weightsFile(weights, path.join(cache, 'dn-detr')));
    mkdirSync(path.dirname(file as string), { recursive: true });
    writeFileSync(file as string, 'cut off');
    const env = { DN_DETR_NATIVE: 'off', XDG_CACHE_HOME: cache };
    const { code, stdout, stderr } = await cli(['doctor', '--json'], env);
    rmSync(cache, { recursive: true });
    expect(code).toBe(0);
    const { backend, weights, findings } = JSON.parse(stdout);
    expect(backend).toMatchObject({ name: 'wasm', notice: expect.stringMatching(/slower/) });
    expect(stderr).toMatch(/^notice: native TensorFlow is not used: .*DN_DETR_NATIVE=off/m);
    expect(stderr).toMatch(/npm run setup/);
    expect(weights).toMatchObject([
      { name: 'efficientnet-lite0', state: 'missing', licence: 'Apache-2.0' },
      { name: 'efficientnet-lite1', state: 'damaged', path: file },
      { name: 'efficientnet-lite2', state: 'missing' },
    ]);
    expect(findings).toContainEqual(expect.objectContaining({ name: 'weights efficientnet-lite1', ok: false }));
  });

  it('obeys DN_DETR_BACKEND', async () => {
    const { stdout } = await cli(['doctor', '--json'], { DN_DETR_BACKEND: 'cpu' });
    expect(JSON.parse(stdout).backend).toEqual({ name: 'cpu', reason: 'requested by DN_DETR_BACKEND' });
  });

  it.each([
    [
      ['doctor', '--backend', 'gpu'],
      {},
      /^error: unknown backend 'gpu' \(from --backend\): expected one of tensorflow/m,
    ],
    [
      ['doctor', '--backend', 'tensorflow'],
      { DN_DETR_NATIVE: 'off' },
      /^error: native TensorFlow .* is not available: .*\nTo fix it/m,
    ],
    [['bench', 'capture', '--backend', 'wasm'], {}, /^error: steps are captured only on tensorflow/m],
    [
      ['bench', 'step', '--profile', '--config', 'micro', '--backend', 'wasm'],
      {},
      /^error: ops can be timed on native/m,
    ],
    [
      ['bench', 'peers', '--originals', 'nowhere'],
      {},
      /^error: \S*nowhere\/DN-DETR is not a checkout of https:.*git clone/m,
    ],
    [['parity', '--dir', 'nowhere'], {}, /^error: .*nowhere/m],
    [['data', 'check', 'nowhere'], {}, /^error: there is no folder \S*nowhere$/m],
  ])('says what is wrong with %j', async (args, env, message) => {
    const { code, stdout, stderr } = await cli(args as string[], env);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('exits with 2 on wrong usage', async () => {
    const { code, stdout, stderr } = await cli(['frobnicate']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/unknown command 'frobnicate'/);
  });

  it('measures a training step', async () => {
    const { code, stdout } = await cli(['bench', 'step', '--config', 'micro', '--steps', '1', '--json']);
    expect(code).toBe(0);
    const [result] = JSON.parse(stdout).results;
    expect(result).toMatchObject({ config: 'micro', captures: expect.any(Number) });
    expect(Object.keys(result.phases)).toEqual(['forward', 'matching', 'loss', 'backward', 'optimiser']);
    for (const value of [
      result.ms,
      result.msMin,
      result.imagesPerSecond,
      result.peakRssMiB,
      ...Object.values(result.phases),
    ]) {
      expect(value).toBeGreaterThan(0);
    }
  });

  it('measures where the time of a training step goes', async () => {
    const { code, stdout } = await cli(['bench', 'step', '--config', 'micro', '--steps', '2', '--profile', '--json']);
    expect(code).toBe(0);
    const [{ config, ops, ...times }] = JSON.parse(stdout).results;
    expect(config).toBe('micro');
    expect(times.busy + times.gaps + times.host).toBeCloseTo(times.ms, 6);
    for (const time of Object.values(times)) expect(time).toBeGreaterThan(0);
    expect(ops).toHaveLength(20);
    expect(ops[0]).toEqual({
      op: expect.any(String),
      ms: expect.any(Number),
      share: ops[0].ms / times.opMs,
      count: expect.any(Number),
    });
    expect(ops.map(({ op }: { op: string }) => op).join()).toMatch(/MatMul/);
  });

  it('measures training steps next to those of an original', async () => {
    const originals = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-originals-'));
    const model = path.join(originals, 'DN-DETR/models/DN_DAB_DETR/DABDETR.py');
    mkdirSync(path.dirname(model), { recursive: true });
    writeFileSync(model, '');
    const answer = `{ ms: targets.map(() => 80), peakRssMiB: 700 } : { parameters: 415_305 }`;
    const python = pythonStandIn(
      originals,
      `const { targets } = JSON.parse(line); console.log(JSON.stringify(targets ? ${answer}))`,
    );
    const once = ['--config', 'micro', '--runs', '1', '--steps', '1'];
    const { code, stdout } = await cli([
      'bench',
      'peers',
      '--originals',
      originals,
      '--python',
      python,
      ...once,
      '--json',
    ]);
    rmSync(originals, { recursive: true });
    expect(code).toBe(0);
    const [{ ours, ratio, ...result }] = JSON.parse(stdout).results;
    const theirs = { ms: 80, peakRssMiB: 700 };
    expect(result).toEqual({
      config: 'micro',
      version: '2.0',
      parameters: 415_305,
      pytorch: { ...theirs, runs: [theirs] },
    });
    expect(ours.ms).toBeGreaterThan(0);
    expect(ratio).toEqual({ ms: ours.ms / 80, peakRssMiB: ours.peakRssMiB / 700 });
  });

  it('checks parity and prints one JSON document', async () => {
    const { code, stdout } = await cli(['parity', '--dir', fixtures, '--json']);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ failed: 0, uncovered: [] });
    const stems = readdirSync(path.join(root, fixtures)).flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? []);
    // The other files contain data that a fixture refers to.
    const names = stems.filter((name) => !/_(?:gt|dt)$/.test(name));
    expect(result.fixtures.map((fixture: { name: string }) => fixture.name).sort()).toEqual(names.sort());
    expect(code).toBe(0);
  }, 180_000);
});
