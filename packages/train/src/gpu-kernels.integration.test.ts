/**
 * Checks that every captured op has a kernel for NVIDIA GPUs, so that no step is interrupted by an op that only the CPU
 * can run.
 */
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { useBackend } from '@dn-detr/runtime';
import { type OpUse, opsOf, runsOnGpu } from '@dn-detr/testing/gpu-kernels';
import { interceptAddon } from '@dn-detr/testing/own-addon';
import { smallConfig } from '@dn-detr/testing/small-run';
import { describe, expect, it } from 'vitest';
import { catalog } from './catalog.ts';
import type { DottedValues } from './config/dotted-keys.ts';
import { runTraining } from './start.ts';

const captured = new Map<string, OpUse>();
interceptAddon(({ addFunction }) => ({
  // Without the native ops, which are for the CPU, so that their composed twins run.
  isUsingGpuDevice: () => true,
  addFunction(graph, ...rest) {
    for (const use of opsOf(graph)) captured.set(JSON.stringify(use), use);
    addFunction(graph, ...rest);
  },
}));
const backend = await useBackend();

const sizes: DottedValues = { 'model.width': 32, 'length.count': 2, 'evaluation.every': 1, 'evaluation.images': 4 };

const settings: readonly (readonly [string, DottedValues])[] = [
  ...catalog.models.map(({ name }) => [name, { 'model.name': name }] as const),
  ['dropout', { 'model.dropout': 0.1 }],
  ['a moving average of the weights', { 'optimizer.ema': 0.9 }],
  ['accumulation', { 'optimizer.accumulate': 2 }],
  ['contrastive denoising', { 'denoising.kind': 'contrastive', 'denoising.groups': 2 }],
  ['canvases with padding', { 'data.canvas': { width: 48, height: 32 } }],
  ['ReLU, and padding that is seen', { 'model.activation': 'relu', 'denoising.maskPadding': false }],
  ['two stages', { 'model.name': 'deformable-detr', 'model.boxRefinement': true, 'model.twoStage': true }],
  ['a trained ResNet', { 'model.backbone': { kind: 'resnet', depth: 50, dilation: true, trainStages: 5 } }],
  ['a trained EfficientNet-Lite', { 'model.backbone': { kind: 'efficientnet-lite', trainStages: 8 } }],
];

// The stock addon, which lists no devices, has no captured functions to look into.
describe.skipIf(!backend.tensorflow?.devices.length)('ops of captured functions', () => {
  it.each(settings)('%s', async (_, values) => {
    captured.clear();
    const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-kernels-'));
    await runTraining({ config: smallConfig({ ...sizes, ...values }), folder, resume: false, backend, say: () => {} });
    const uses = [...captured.values()];
    const names = uses.map(({ op }) => op);
    expect(names).toEqual(expect.arrayContaining(['BatchMatMulV2', 'Softmax', 'Conv2DBackpropFilter']));
    expect(uses.filter((use) => !runsOnGpu(use))).toEqual([]);
  });

  it('are distinguished from ops that only a CPU has', () => {
    expect(runsOnGpu({ op: 'MatMul', types: { T: 'float' } })).toBe(true);
    expect(runsOnGpu({ op: 'MatMul', types: { T: 'uint8' } })).toBe(false);
    expect(runsOnGpu({ op: 'NonMaxSuppressionV4', types: { T: 'half' } })).toBe(false);
    expect(runsOnGpu({ op: 'DnAttention', types: {} })).toBe(false);
  });
});
