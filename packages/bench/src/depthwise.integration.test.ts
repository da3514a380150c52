import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { efficientnetLite } from '@dn-detr/core';
import { useBackend } from '@dn-detr/runtime';
import { pythonStandIn } from '@dn-detr/testing/python-stand-in';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { benchDepthwise, TorchDepthwise } from './depthwise.ts';
import { depthwiseShapes } from './depthwise-shapes.ts';

beforeAll(() => useBackend('wasm'));
const folder = mkdtempSync(path.join(tmpdir(), 'bench-depthwise-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('finds the distinct depthwise convolutions of a network', async () => {
  const before = tf.memory().numTensors;
  const shapes = await depthwiseShapes(efficientnetLite({ variant: 0 }), { height: 60, width: 80 });
  expect(tf.memory().numTensors).toBe(before);
  expect(shapes.reduce((sum, { count }) => sum + count, 0)).toBe(16);
  expect(shapes.slice(0, 3)).toEqual([
    { size: 3, stride: 1, channels: 32, height: 30, width: 40, count: 1 },
    { size: 3, stride: 2, channels: 96, height: 30, width: 40, count: 1 },
    { size: 3, stride: 1, channels: 144, height: 15, width: 20, count: 1 },
  ]);
  expect(shapes.at(-2)).toEqual({ size: 5, stride: 1, channels: 1152, height: 2, width: 3, count: 3 });
});

const shape = { size: 3, stride: 2, channels: 2, height: 5, width: 4, count: 3 };
const options = { batch: 2, threads: 1 };

it('compares with PyTorch, row by row and in total', async () => {
  // The layout with the slower forward pass may be the faster one overall.
  const times = `console.log(JSON.stringify({
    contiguous: { forward: [1], both: [8, 9, 10] },
    channels_last: { forward: [1, 2, JSON.parse(line).channels], both: [5, 6, 7] },
  }))`;
  const torch = (await TorchDepthwise.start(pythonStandIn(folder, times))) as TorchDepthwise;
  const before = tf.memory().numTensors;
  const { version, rows, total } = await benchDepthwise([shape], torch, options);
  torch.close();
  expect(tf.memory().numTensors).toBe(before);
  expect(version).toBe('2.0');
  expect(rows[0]).toMatchObject({ ...shape, layout: 'channels_last', ms: { torch: { forward: 2, both: 6 } } });
  expect(rows[0]?.ratio?.both).toBeCloseTo(6 / (rows[0]?.ms.ours.both ?? 0), 10);
  expect(total.ms.torch).toEqual({ forward: 6, both: 18 });
  expect(total.ratio?.forward).toBeCloseTo(rows[0]?.ratio?.forward ?? 0, 10);
});

it('reports the convolution at which PyTorch stopped, and runs without PyTorch', async () => {
  const torch = (await TorchDepthwise.start(pythonStandIn(folder, 'process.exit()'))) as TorchDepthwise;
  await expect(benchDepthwise([shape], torch, options)).rejects.toThrow(
    'PyTorch 2.0 stopped while it convolved 3×3, stride 2, 2 channels of 5×4',
  );
  expect(await TorchDepthwise.start(path.join(folder, 'missing'))).toBeUndefined();
  const { version, rows, total } = await benchDepthwise([shape], undefined, options);
  expect([version, rows[0]?.ms.torch, rows[0]?.layout, rows[0]?.ratio]).toEqual([null, null, null, null]);
  expect(total.ms.torch).toBeNull();
});
