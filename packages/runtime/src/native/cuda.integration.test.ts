/** Sets up the build for NVIDIA GPUs, with real pip and compiler, from wheels of a few kilobytes. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { smallCuda, smallTensorFlow } from '../testing/small-wheels.ts';
import type { Report } from '../wheel/report.ts';
import { addonFile, tfjsNodeFolder } from './build.ts';
import { nativeFolder } from './cache.ts';
import { cleanNative } from './clean.ts';
import { findNative } from './find.ts';
import { type ProvisionOptions, provisionNative } from './provision.ts';
import { type TensorFlowWheel, tensorflowCpu, tensorflowGpu } from './wheel.ts';

const canBuild = process.platform === 'linux' && process.arch === 'x64' && tfjsNodeFolder() !== undefined;

const scratch = mkdtempSync(path.join(os.tmpdir(), 'dn detr cuda '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const index = path.join(scratch, 'index');
/** Libraries in folders that links lead to or from, by the part of their wheel. */
const smallLibraries = { cublas: 'libcublas.so.12', cusolver: 'libcusolver.so.11', cuda_nvrtc: 'libnvrtc.so.12' };
let gpu: TensorFlowWheel;
let cpu: TensorFlowWheel;
beforeAll(() => {
  mkdirSync(index);
  if (!canBuild) return;
  const cuda = (tensorflowGpu.cuda ?? [])
    .filter(({ part }) => part in smallLibraries)
    .map((wheel) => smallCuda(wheel, index, [smallLibraries[wheel.part as keyof typeof smallLibraries]]));
  gpu = { ...smallTensorFlow(tensorflowGpu, index), cuda };
  cpu = smallTensorFlow(tensorflowCpu, index);
  vi.stubEnv('PIP_NO_INDEX', '1');
  vi.stubEnv('PIP_FIND_LINKS', pathToFileURL(index).href);
  vi.stubEnv('DN_DETR_NATIVE', '');
  vi.stubEnv('DN_DETR_NATIVE_OPS', 'off');
});
afterAll(() => vi.unstubAllEnvs());

let cache: string;
let steps: string[];
let bars: string[];
let count = 0;
beforeEach(() => {
  cache = path.join(scratch, `cache ${count++}`);
  [steps, bars] = [[], []];
});

const report: Report = {
  step: (text) => steps.push(text),
  progress: (label) => {
    bars.push(label);
    return { update() {}, done() {}, stop() {} };
  },
};

const provision = (options: Partial<ProvisionOptions> = {}): ReturnType<typeof provisionNative> =>
  provisionNative({
    ...{ report, wheels: [gpu, cpu], cache, prove: async () => {} },
    runStockInstaller: async () => {
      throw new Error('no network in this test');
    },
    ...options,
  });

const libraryIn = (part: string, name: string): string =>
  path.join(path.dirname(nativeFolder(gpu, cache)), 'nvidia', part, 'lib', name);

describe.skipIf(!canBuild)('the build for NVIDIA GPUs', () => {
  it('announces its size, is one folder in which TensorFlow finds all libraries, and can be removed', async () => {
    const state = await provision();
    expect(state).toMatchObject({ addon: addonFile(nativeFolder(gpu, cache)), cuda: true });
    expect(steps[0]).toMatch(/^TensorFlow for NVIDIA GPUs: \d+\.\d\d GB to download, \d+\.\d\d GB on disk/);
    expect(bars).toEqual([
      expect.stringMatching(/^downloading nvidia-cublas-cu12 12/),
      'unpacking nvidia-cublas-cu12',
      expect.stringMatching(/^downloading nvidia-cusolver-cu12 11/),
      'unpacking nvidia-cusolver-cu12',
      expect.stringMatching(/^downloading nvidia-cuda-nvrtc-cu12 12/),
      'unpacking nvidia-cuda-nvrtc-cu12',
      'downloading tensorflow 2.21.0',
      'unpacking TensorFlow',
    ]);
    expect(readdirSync(cache)).toEqual([path.basename(path.dirname(nativeFolder(gpu, cache)))]);
    expect(readFileSync(libraryIn('cublas', 'libcublas.so.12'), 'utf8')).toBe('cublas libcublas.so.12');
    const link = libraryIn('cublas', 'libcusolver.so.11');
    expect(path.isAbsolute(readlinkSync(link))).toBe(false);
    expect(realpathSync(link)).toBe(realpathSync(libraryIn('cusolver', 'libcusolver.so.11')));
    // cuDNN looks for it here.
    expect(readFileSync(libraryIn('nvrtc', 'libnvrtc.so.12'), 'utf8')).toBe('cuda_nvrtc libnvrtc.so.12');
    const part = path.dirname(path.dirname(link));
    expect(readdirSync(part).sort()).toEqual(['License.txt', 'lib', 'manifest.json']);
    expect(readdirSync(path.dirname(link)).sort()).toEqual(['libcublas.so.12', 'libcusolver.so.11']);
    [steps, bars] = [[], []];
    expect(await provision()).toEqual(state);
    expect([...steps, ...bars]).toEqual([]);

    writeFileSync(path.join(cache, 'weights'), 'stay');
    await cleanNative(report, cache);
    expect(steps).toEqual([expect.stringMatching(/^removed 0\.\d\d GB from .*: tensorflow-2\.21\.0-v\d+$/)]);
    expect(readdirSync(cache)).toEqual(['weights']);
    steps = [];
    await cleanNative(report, cache);
    expect(steps).toEqual([`${cache} contains no TensorFlow that set-up has installed`]);
  });

  it('downloads again only the libraries that are damaged', async () => {
    const state = await provision();
    writeFileSync(libraryIn('cusolver', 'libcusolver.so.11'), 'cut');
    expect(await findNative([gpu], cache)).toEqual({
      reason: expect.stringMatching(/^cusolver: lib\/libcusolver\.so\.11 has 3 bytes instead of/),
    });
    bars = [];
    expect(await provision()).toEqual(state);
    expect(bars).toEqual([expect.stringMatching(/^downloading nvidia-cusolver/), 'unpacking nvidia-cusolver-cu12']);

    for (const link of ['cublas/lib/libcusolver.so.11', 'nvrtc']) {
      rmSync(path.join(path.dirname(nativeFolder(gpu, cache)), 'nvidia', link));
      expect(await findNative([gpu], cache)).toEqual({ reason: `the link nvidia/${link} is missing` });
      bars = [];
      expect(await provision()).toEqual(state);
      expect(bars).toEqual([]);
    }
  });

  it('goes on where it was stopped', async () => {
    const [cublas, cusolver, nvrtc] = gpu.cuda ?? [];
    const stopped = { ...gpu, cuda: [cublas, { ...cusolver, sha256: '0'.repeat(64) }, nvrtc] } as TensorFlowWheel;
    await provision({ wheels: [stopped, cpu] });
    expect(existsSync(libraryIn('cublas', 'libcublas.so.12'))).toBe(true);
    [steps, bars] = [[], []];
    expect(await provision({ thorough: true })).toMatchObject({ cuda: true });
    expect(bars.join()).not.toMatch(/cublas/);
    expect(bars.join()).toMatch(/downloading nvidia-cusolver.*downloading tensorflow /);
  });

  it('falls back to the build for the CPU where it cannot be downloaded, and says why once', async () => {
    const broken = { ...gpu, sha256: '0'.repeat(64) };
    const state = await provision({ wheels: [broken, cpu] });
    expect(state).toMatchObject({ addon: addonFile(nativeFolder(cpu, cache)), cuda: false });
    expect(steps.join('\n')).toMatch(/the wheel could not be used: [\s\S]*using the one for the CPU \(DN_DETR_GPU=off/);
    [steps, bars] = [[], []];
    expect(await provision({ wheels: [broken, cpu] })).toEqual(state);
    expect([...steps, ...bars]).toEqual([]);
  });
});
