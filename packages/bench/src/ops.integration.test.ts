import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { benchOps } from './ops.ts';
import { stepConfigs } from './step-configs.ts';

const { name, tensorflow } = await useBackend();

it.skipIf(!tensorflow?.ops.names.length)('times layers with the sizes of a configuration, native and composed', () => {
  const before = tf.memory().numTensors;
  const kernels = tf.getKernelsForBackend(name).length;
  const said: string[] = [];
  const results = benchOps({ micro: stepConfigs.micro }, (layer) => said.push(layer));
  expect(tf.memory().numTensors).toBe(before);
  expect(tf.getKernelsForBackend(name)).toHaveLength(kernels);
  expect(said).toEqual(results.map(({ config, layer }) => `${config}, ${layer}`));
  // 64 pixels at stride 8; 40 queries and 5 groups with as many known ones as the first image has objects.
  const layers = results.map(({ layer }) => layer);
  expect(layers).toContain('attention to tokens: 16 × 4 heads, 60 queries, 64 keys');
  expect(layers).toContain('layer norm: [1024, 64]');
  expect(layers).toContain('clipping and AdamW: 0.4 M parameters');
  for (const { native, composed } of results) {
    expect(native).toBeGreaterThan(0);
    expect(composed).toBeGreaterThan(0);
  }
});
