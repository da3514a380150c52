import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pythonStandIn } from '@dn-detr/testing/python-stand-in';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { detectorOf, drawTargets, trainedParametersOf } from './step-inputs.ts';
import { benchTorchStep } from './step-torch.ts';
import { smallStep } from './testing/small-step.ts';

const originals = mkdtempSync(path.join(tmpdir(), 'bench-peers-'));
afterAll(() => rmSync(originals, { recursive: true }));

const parameters = trainedParametersOf(detectorOf(smallStep));

const requests = path.join(originals, 'requests');
const requested = (): ReturnType<typeof JSON.parse>[] =>
  readFileSync(requests, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** @param built expression for the answer to the request to build a model */
const answering = (built: string, timed = '{ ms: targets.map((_, i) => 10 * i), peakRssMiB: 500 }') => {
  const log = `require('node:fs').appendFileSync(${JSON.stringify(requests)}, line + '\\n');`;
  const answer = `const { targets } = JSON.parse(line); console.log(JSON.stringify(targets ? ${timed} : ${built}))`;
  return { python: pythonStandIn(originals, `${log} ${answer}`), originals, threads: 2 };
};

beforeEach(() => {
  mkdirSync(path.join(originals, 'DINO/models/dino'), { recursive: true });
  writeFileSync(path.join(originals, 'DINO/models/dino/dino.py'), '');
  writeFileSync(requests, '');
});

it('times steps from the same inputs and to the same targets as ours', async () => {
  const result = await benchTorchStep(smallStep, 3, answering(`{ parameters: ${parameters} }`));
  // Four steps warm up.
  expect(result).toEqual({ version: '2.0', parameters, ms: 50, msMin: 40, peakRssMiB: 500 });

  const [first, second, ...more] = requested();
  expect(more).toEqual([]);
  expect(first).toMatchObject({
    original: 'DINO',
    folder: path.join(originals, 'DINO'),
    threads: 2,
    backbone: { kind: 'tiny', channels: [8, 16] },
    known: 12,
    queries: 5,
  });
  expect(first.images.shape).toEqual([2, 16, 32, 3]);
  const bytes = Buffer.from(first.images.values, 'base64');
  expect(bytes).toHaveLength(4 * 2 * 16 * 32 * 3);
  expect(bytes.readFloatLE(4)).toBeCloseTo(2 * Math.sin(12.9898), 5);
  expect(second.targets).toHaveLength(7);
  const drawn = drawTargets(smallStep, 7).map(({ labels, boxes }) => ({
    labels: Array.from(labels),
    boxes: Array.from(boxes),
  }));
  expect(second.targets[6]).toEqual(drawn);
});

it('begins at the features of a frozen backbone', async () => {
  const config = { ...smallStep, featuresOnce: true, strides: [4] } as const;
  await expect(benchTorchStep(config, 1, answering('{ parameters: 0 }'))).rejects.toThrow('trains 0 parameters');
  const [{ levels, images }] = requested();
  expect(images).toBeUndefined();
  expect(levels.map(({ shape }: { shape: number[] }) => shape)).toEqual([[2, 4, 8, 16]]);
});

it('reports a missing dependency, a failure, or a different model', async () => {
  const run = (options: Parameters<typeof benchTorchStep>[2]) => benchTorchStep(smallStep, 1, options);
  const failing = answering(`{ error: 'ValueError: there are 4 known queries' }`);
  await expect(run(failing)).rejects.toThrow(
    'the original failed in PyTorch 2.0: ValueError: there are 4 known queries',
  );
  await expect(run({ ...failing, python: pythonStandIn(originals, 'process.exit()') })).rejects.toThrow(
    'Python stopped',
  );
  await expect(run(answering('{ parameters: 7 }'))).rejects.toThrow(
    `the original trains 7 parameters, but our model ${parameters}`,
  );
  await expect(run({ ...failing, python: path.join(originals, 'none') })).rejects.toThrow(
    'pip install torch torchvision scipy',
  );
  await expect(run({ ...failing, originals: path.join(originals, 'x') })).rejects.toThrow(
    'x/DINO is not a checkout of https://github.com/IDEA-Research/DINO: git clone',
  );
});
