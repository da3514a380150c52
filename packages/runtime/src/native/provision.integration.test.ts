/**
 * Runs set-up with real pip, unzip and compiler on a wheel of a few kilobytes. The wheel's libraries are empty, so the
 * addon is built against them, and only the proof that it loads is left out.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { smallTensorFlow } from '../testing/small-wheels.ts';
import type { Report } from '../wheel/report.ts';
import { addonFile, buildAddon, tfjsNodeFolder } from './build.ts';
import { findDamage, nativeFolder } from './cache.ts';
import { findNative } from './find.ts';
import { type ProvisionOptions, provisionNative } from './provision.ts';
import { type TensorFlowWheel, tensorflowCpu } from './wheel.ts';

const canBuild = process.platform === 'linux' && process.arch === 'x64' && tfjsNodeFolder() !== undefined;

const scratch = mkdtempSync(path.join(os.tmpdir(), 'dn detr native '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let wheel: TensorFlowWheel;
beforeAll(() => {
  const index = path.join(scratch, 'index');
  mkdirSync(index);
  wheel = canBuild ? smallTensorFlow(tensorflowCpu, index) : tensorflowCpu;
  vi.stubEnv('PIP_NO_INDEX', '1');
  // pip splits a plain path at its spaces.
  vi.stubEnv('PIP_FIND_LINKS', pathToFileURL(index).href);
  vi.stubEnv('DN_DETR_NATIVE', '');
  // The ops take seconds to build, so only the tests about them build them.
  vi.stubEnv('DN_DETR_NATIVE_OPS', 'off');
});
afterAll(() => vi.unstubAllEnvs());

let cache: string;
let steps: string[];
let count = 0;
beforeEach(() => {
  cache = path.join(scratch, `cache ${count++}`);
  steps = [];
});

const report: Report = {
  step: (text) => steps.push(text),
  progress: () => ({ update() {}, done() {}, stop() {} }),
};

const provision = (options: Partial<ProvisionOptions> = {}): ReturnType<typeof provisionNative> =>
  provisionNative({
    report,
    wheels: [wheel],
    cache,
    prove: async () => {},
    runStockInstaller: async () => {
      throw new Error('no network in this test');
    },
    ...options,
  });

describe.skipIf(!canBuild)('provisionNative', () => {
  it('downloads, unpacks and builds, in a path with spaces; a second call changes nothing', async () => {
    vi.stubEnv('DN_DETR_NATIVE_OPS', '');
    const state = await provision();
    expect(state.addon).toBe(addonFile(nativeFolder(wheel, cache)));
    expect(steps.join('\n')).toMatch(
      /from the PyPI wheel[\s\S]*building the TensorFlow addon[\s\S]*is ready[\s\S]*ops/,
    );
    expect(state).toMatchObject({ ops: { file: expect.stringMatching(/ops-[0-9a-f]{12}\.node$/) } });
    expect(readdirSync(cache)).toEqual([path.basename(nativeFolder(wheel, cache))]);
    steps = [];
    expect(await provision()).toEqual(state);
    expect(steps).toEqual([]);
    vi.stubEnv('DN_DETR_NATIVE_OPS', 'off');
    const ops = { reason: 'switched off (DN_DETR_NATIVE_OPS=off)' };
    expect(await provision()).toEqual({ ...state, ops });
    vi.stubEnv('DN_DETR_NATIVE_OPS', '0');
    expect(await provision()).toMatchObject({
      ops: { reason: expect.stringMatching(/=0 is unknown: expected off,/) },
    });
  });

  it('repairs a truncated library, a changed one, and a folder without a manifest', async () => {
    const state = await provision();
    const folder = nativeFolder(wheel, cache);
    const library = path.join(folder, 'libtensorflow_cc.so.2');

    truncateSync(library, 100);
    expect(await findNative([wheel], cache)).toMatchObject({ reason: expect.stringMatching(/100 bytes instead of/) });
    expect(await provision()).toEqual(state);
    expect(await findDamage(folder, true)).toBeUndefined();

    const size = readFileSync(library).length;
    writeFileSync(library, Buffer.alloc(size));
    expect(await findDamage(folder)).toMatch(/has changed since/);
    expect(await provision()).toEqual(state);
    expect(await findDamage(folder, true)).toBeUndefined();

    rmSync(path.join(folder, 'manifest.json'));
    expect(await provision()).toEqual(state);
    expect(await findDamage(folder, true)).toBeUndefined();
  });

  it('rebuilds only the addon where its sources have changed', async () => {
    await provision();
    const folder = nativeFolder(wheel, cache);
    rmSync(addonFile(folder));
    expect(await findNative([wheel], cache)).toMatchObject({ reason: expect.stringMatching(/addon is not built yet/) });
    steps = [];
    expect((await provision()).addon).toBe(addonFile(folder));
    expect(steps).toEqual([expect.stringMatching(/^building the TensorFlow addon/), 'native TensorFlow is ready']);
  });

  it('accepts a file of which only the modification time has changed', async () => {
    await provision();
    const folder = nativeFolder(wheel, cache);
    utimesSync(path.join(folder, 'libtensorflow_cc.so.2'), 1, 1);
    expect(await findDamage(folder)).toBeUndefined();
  });

  it('cleans up after a set-up that was killed midway', async () => {
    const folder = nativeFolder(wheel, cache);
    for (const leftover of [`${folder}.staging`, `${folder}.old`, path.join(cache, 'tensorflow-cpu-2.21.0.whl.part')]) {
      mkdirSync(leftover, { recursive: true });
      writeFileSync(path.join(leftover, 'half'), 'x');
    }
    writeFileSync(path.join(cache, 'tensorflow-cpu-2.21.0.whl'), 'cut off');
    expect((await provision()).addon).toBe(addonFile(folder));
    expect(await findDamage(folder, true)).toBeUndefined();
    expect(readdirSync(cache)).toEqual([path.basename(folder)]);
  });

  it('makes one of two simultaneous set-ups wait for the other', async () => {
    const proven: string[][] = [];
    const prove = async (...modules: string[]): Promise<void> => {
      proven.push(modules.map((module) => path.basename(module)));
    };
    const states = await Promise.all([provision({ prove }), provision({ prove })]);
    expect(states[0]).toEqual(states[1]);
    expect(proven).toEqual([[expect.stringMatching(/^addon-[0-9a-f]{12}\.node\.staging\.node$/)]]);
    expect(steps).toContain('another process is setting up native TensorFlow; waiting for it');
  });

  it('says why it fails, remembers the reason, and tries again when asked to', async () => {
    const broken = { ...wheel, sha256: '0'.repeat(64) };
    const state = await provision({ wheels: [broken] });
    expect(state).toMatchObject({
      reason: expect.stringMatching(/wheel: [\s\S]*hash[\s\S]*stock installer: no network/i),
    });
    steps = [];
    expect(await provision({ wheels: [broken] })).toEqual(state);
    expect(steps).toEqual([]);
    const { addon } = await provision({ thorough: true });
    expect(addon).toBe(addonFile(nativeFolder(wheel, cache)));
  });

  it('leaves no partial folder when the addon does not load', async () => {
    const prove = async (): Promise<void> => {
      throw new Error('Illegal instruction');
    };
    expect(await provision({ prove })).toMatchObject({ reason: expect.stringMatching(/Illegal instruction/) });
    expect(existsSync(nativeFolder(wheel, cache))).toBe(false);
  });

  it('does without native ops that do not load, remembers why, and tries again when asked to', async () => {
    vi.stubEnv('DN_DETR_NATIVE_OPS', '');
    const prove = async (...modules: string[]): Promise<void> => {
      // Only fails with the ops, not with the addon by itself.
      if (modules.length > 1) throw new Error('undefined symbol: TF_NewKernelBuilder');
    };
    const state = await provision({ prove });
    expect(state).toMatchObject({
      addon: expect.any(String),
      ops: { reason: 'undefined symbol: TF_NewKernelBuilder' },
    });
    expect(steps.at(-1)).toMatch(/no native ops, .* own ops replace them: undefined symbol/);
    steps = [];
    expect(await provision()).toEqual(state);
    expect(await findNative([wheel], cache)).toEqual(state);
    expect(steps).toEqual([]);
    expect(await provision({ thorough: true })).toMatchObject({ ops: { file: expect.any(String) } });
  }, 180_000);

  it('names the missing compiler', async () => {
    vi.stubEnv('PATH', '/nowhere');
    vi.stubEnv('CXX', '');
    await expect(buildAddon(scratch, async () => {})).rejects.toThrow(
      /no C\+\+ compiler found .* apt-get install g\+\+/,
    );
    vi.stubEnv('PATH', originalPath);
  });

  it('can be switched off', async () => {
    vi.stubEnv('DN_DETR_NATIVE', 'off');
    expect(await provision()).toMatchObject({ reason: expect.stringMatching(/DN_DETR_NATIVE=off/) });
    expect(existsSync(cache)).toBe(false);
  });
  const originalPath = process.env.PATH;
  afterEach(() => {
    vi.stubEnv('DN_DETR_NATIVE', '');
    vi.stubEnv('DN_DETR_NATIVE_OPS', 'off');
  });
});
