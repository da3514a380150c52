import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { useBackend } from '@dn-detr/runtime';
import { pythonStandIn } from '@dn-detr/testing/python-stand-in';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { benchMsda, msdaCases, TorchMsda } from './msda.ts';

beforeAll(() => useBackend());
const folder = mkdtempSync(path.join(tmpdir(), 'bench-msda-'));
afterAll(() => rmSync(folder, { recursive: true }));

const small = { name: 'small', batch: 2, width: 16, levels: [{ height: 2, width: 3 }], queries: 5 };

it('has cases with the number of tokens of images of their size', () => {
  const tokens = msdaCases.map(({ levels }) => levels.reduce((sum, { height, width }) => sum + height * width, 0));
  expect(tokens).toEqual([...Array(4).fill(30 * 40 + 15 * 20 + 8 * 10), ...Array(4).fill(22223)]);
});

it('times the op, its composed form, and PyTorch', async () => {
  const times = 'const { queries, runs } = JSON.parse(line);';
  const answer = `${times} console.log(JSON.stringify({ forward: Array(runs).fill(queries), backward: Array(runs).fill(7) }))`;
  const torch = (await TorchMsda.start(pythonStandIn(folder, answer))) as TorchMsda;
  const before = tf.memory().numTensors;
  const kernels = tf.getKernelsForBackend(tf.getBackend()).length;
  const [result] = await benchMsda([small], torch, 1);
  torch.close();
  expect(tf.memory().numTensors).toBe(before);
  expect(tf.getKernelsForBackend(tf.getBackend())).toHaveLength(kernels);
  expect(result).toMatchObject({ name: 'small', pytorch: { forward: 5, backward: 7 } });
  for (const side of [result?.ours, result?.composed]) {
    expect(side?.forward).toBeGreaterThan(0);
    expect(side?.backward).toBeGreaterThan(0);
  }
});

it('reports where PyTorch stopped, and runs without PyTorch', async () => {
  const torch = (await TorchMsda.start(pythonStandIn(folder, 'process.exit()'))) as TorchMsda;
  await expect(benchMsda([small], torch, 1)).rejects.toThrow("PyTorch 2.0 stopped in the case 'small'");
  expect(await TorchMsda.start(path.join(folder, 'missing'))).toBeUndefined();
  expect(Object.keys((await benchMsda([small], undefined, 1))[0] ?? {})).toEqual(['name', 'ours', 'composed']);
});
