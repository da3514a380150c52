import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dino, tiny } from '@dn-detr/core';
import { seededNoise } from '@dn-detr/dn';
import { useBackend } from '@dn-detr/runtime';
import { pythonStandIn } from '@dn-detr/testing/python-stand-in';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { benchStep } from './step.ts';
import { type StepConfig, stepConfigs } from './step-configs.ts';
import { detectorOf, drawTargets, knownQueriesOf } from './step-runner.ts';

beforeAll(() => useBackend('wasm'));
const originals = mkdtempSync(path.join(tmpdir(), 'bench-step-'));
afterAll(() => rmSync(originals, { recursive: true }));

const small: StepConfig = {
  image: { height: 16, width: 32 },
  batch: 2,
  backbone: () => tiny({ channels: [8, 16] }),
  build: dino,
  original: 'DINO',
  denoising: { kind: 'contrastive', groups: 2 },
  featureLevels: 3,
  width: 32,
  heads: 2,
  feedForward: 32,
  encoderLayers: 1,
  decoderLayers: 2,
  queries: 5,
  numClasses: 3,
  objects: { first: 3, least: 1, most: 2 },
};

describe('what configurations train', () => {
  it.each([
    ['photographs', { known: 192, queries: 60, strides: [16, 32] }],
    ['photographs-dn', { known: 80, queries: 60, strides: [16, 32] }],
    ['dino', { known: 192, queries: 300, strides: [8, 16, 32] }],
  ] as const)('%s has as many known queries in all steps as the original would make', (name, expected) => {
    const detector = detectorOf(stepConfigs[name]);
    const known = [1, 2].map((step) => {
      const objects = drawTargets(stepConfigs[name], step);
      return knownQueriesOf(stepConfigs[name], detector, objects, seededNoise(step)).layout.known;
    });
    expect(known).toEqual([expected.known, expected.known]);
    expect(detector.queries).toBe(expected.queries);
    expect(detector.backbone.levels.map(({ stride }) => stride)).toEqual(expected.strides);
  });
});

describe('beside the original', () => {
  const requests = path.join(originals, 'requests');
  const answering = (answer: string): { python: string; originals: string; threads: number } => {
    const log = `require('node:fs').appendFileSync(${JSON.stringify(requests)}, line + '\\n');`;
    const python = pythonStandIn(
      originals,
      `${log} const { targets } = JSON.parse(line); console.log(JSON.stringify(${answer}))`,
    );
    return { python, originals, threads: 1 };
  };

  beforeEach(() => {
    mkdirSync(path.join(originals, 'DINO/models/dino'), { recursive: true });
    writeFileSync(path.join(originals, 'DINO/models/dino/dino.py'), '');
    writeFileSync(requests, '');
  });

  it('steps in turns from the same inputs to the same targets', async () => {
    const before = tf.memory().numTensors;
    const result = await benchStep(
      small,
      6,
      answering('targets ? { ms: targets.map(() => 10 * targets.length) } : {}'),
    );
    expect(tf.memory().numTensors).toBe(before);
    // Four steps that warm up, then a turn of four and one of two.
    expect(result.pytorch).toEqual({ version: '2.0', ms: 40, msMin: 20 });
    expect(result.ratio).toBeCloseTo(result.ms / 40, 10);

    const [first, ...turns] = readFileSync(requests, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({ original: 'DINO', folder: path.join(originals, 'DINO'), known: 12, queries: 5 });
    expect(first.images.shape).toEqual([2, 16, 32, 3]);
    const bytes = Buffer.from(first.images.values, 'base64');
    expect(bytes).toHaveLength(4 * 2 * 16 * 32 * 3);
    expect(bytes.readFloatLE(4)).toBeCloseTo(2 * Math.sin(12.9898), 5);
    const targets = turns.flatMap((turn) => turn.targets);
    expect(targets).toHaveLength(10);
    const drawn = drawTargets(small, 10).map(({ labels, boxes }) => ({
      labels: Array.from(labels),
      boxes: Array.from(boxes),
    }));
    expect(targets[9]).toEqual(drawn);
  });

  it('begins at the features of a frozen backbone', async () => {
    await benchStep({ ...small, featuresOnce: true, strides: [4] }, 1, answering('targets ? { ms: [1] } : {}'));
    const { levels, images } = JSON.parse(readFileSync(requests, 'utf8').split('\n')[0] as string);
    expect(images).toBeUndefined();
    expect(levels.map(({ shape }: { shape: number[] }) => shape)).toEqual([[2, 4, 8, 16]]);
  });

  it('goes without where it is not asked for, or there is none', async () => {
    const { original: _, ...without } = small;
    for (const result of [await benchStep(small, 1), await benchStep(without, 1, answering('{}'))]) {
      expect([result.pytorch, result.ratio]).toEqual([null, null]);
      expect(result.ms).toBeGreaterThan(0);
    }
  });

  it('says what is missing or fails', async () => {
    const run = (options: Parameters<typeof benchStep>[2]) => benchStep(small, 1, options);
    const failing = answering(`{ error: 'ValueError: there are 4 known queries' }`);
    await expect(run(failing)).rejects.toThrow(
      'the original failed in PyTorch 2.0: ValueError: there are 4 known queries',
    );
    await expect(run({ ...failing, python: pythonStandIn(originals, 'process.exit()') })).rejects.toThrow(
      'Python stopped',
    );
    await expect(run({ ...failing, python: path.join(originals, 'none') })).rejects.toThrow(
      'pip install torch torchvision scipy',
    );
    await expect(run({ ...failing, originals: path.join(originals, 'x') })).rejects.toThrow(
      'x/DINO is no checkout of https://github.com/IDEA-Research/DINO: git clone',
    );
  });
});
