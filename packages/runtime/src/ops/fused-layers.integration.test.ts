/**
 * Checks the inputs that the fused ops of a transformer layer and of the optimiser reject, and that the number of
 * threads does not change a bit of their results.
 */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../backend.ts';
import { findNative } from '../native/find.ts';
import { hashByThreads } from '../testing/hash-by-threads.ts';

const native = await findNative();
const { addon } = native;
const ops = native.addon && native.ops.file;

type Shapes = Record<string, number[]>;

interface Op {
  readonly inputs: Shapes;
  readonly sizes?: number[];
  /** Inputs of shapes that the op rejects, with its message. */
  readonly refused: readonly [input: string, shape: number[], message: RegExp][];
}

const normalized = { x: [3, 4], weight: [4], bias: [4] };
const biased = { x: [3, 4], bias: [4] };
const bent = { ...biased, slope: [1] };
const masks = { bias: [1, 1, 3, 3], open: [1, 1, 3, 1] };
const apart = { q: [6, 8], k: [6, 8], v: [6, 4], ...masks };
const paired = { qk: [6, 16], v: [6, 4], ...masks };
const rows = { dy: [3, 4] };
const heads = { dy: [6, 4] };
const noRows: Op['refused'] = [['x', [12], /expected x \[N, d\]/]];
const noGradient: Op['refused'] = [['dy', [3, 3], /expected dy \[3, 4\]; found \[3, 3\]/]];
const noHeads: Op['refused'] = [
  ['v', [5, 4], /with 2 images and 2 heads; found .* v \[5, 4\]/],
  ['v', [6, 3], /with 2 images and 2 heads/],
  ['bias', [1, 1, 3, 1], /a bias that differs between queries must have all keys/],
  ['bias', [1, 1, 2, 3], /a mask must be \[2, 2, 3, 3\] or 1 on some axes; found \[1, 1, 2, 3\]/],
  ['open', [3, 1], /a mask must be \[2, 2, 3, 1\]/],
];
const update = {
  ...{ params: [5], m: [5], v: [5], gradient: [5] },
  ...{ numbers: [3], rates: [4], factor: [] as number[] },
};

const all: Record<string, Op> = {
  DnLayerNorm: {
    inputs: normalized,
    refused: [...noRows, ['weight', [3], /expected x \[N, d\], weight \[d\], bias \[d\]/]],
  },
  DnLayerNormGrad: { inputs: { ...normalized, ...rows }, refused: noGradient },
  DnBiasRelu: { inputs: biased, refused: [...noRows, ['bias', [3], /expected x \[N, d\], bias \[d\]/]] },
  DnBiasReluGrad: { inputs: { ...biased, ...rows }, refused: noGradient },
  DnBiasPrelu: { inputs: bent, refused: [...noRows, ['slope', [4], /expected slope \[1\]; found \[4\]/]] },
  DnBiasPreluGrad: { inputs: { ...bent, ...rows }, refused: noGradient },
  DnColumnSums: { inputs: { x: [3, 4] }, refused: noRows },
  DnAttention: { inputs: apart, sizes: [2, 2], refused: [...noHeads, ['k', [6, 6], /expected q \[B\*Q, H\*e\]/]] },
  DnAttentionGrad: {
    inputs: { ...apart, ...heads },
    sizes: [2, 2],
    refused: [['dy', [6, 8], /expected dy \[6, 4\]; found \[6, 8\]/]],
  },
  DnPairedAttention: { inputs: paired, sizes: [2, 2], refused: [...noHeads, ['qk', [6, 18], /2 images and 2 heads/]] },
  DnPairedAttentionGrad: {
    inputs: { ...paired, ...heads },
    sizes: [2, 2],
    refused: [['dy', [6, 8], /expected dy \[6, 4\]; found \[6, 8\]/]],
  },
  DnAdamW: {
    inputs: update,
    refused: [
      ['gradient', [4], /expected params, m, v and gradient of one size/],
      ['rates', [3], /expected 3 numbers, 4 rates and a factor/],
    ],
  },
  DnSumOfSquares: { inputs: { x: [5] }, refused: [] },
};

const run = ({ sizes }: Op, name: string, shapes: Shapes): unknown => {
  const inputs = Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, tf.ones(shape)]));
  return tf.engine().runKernel(name, inputs, sizes && { sizes });
};

describe.skipIf(ops === undefined)('fused ops', () => {
  beforeAll(async () => {
    await useBackend('tensorflow');
  });

  it.each(Object.entries(all))('%s accepts inputs that fit, and rejects others', (name, op) => {
    run(op, name, op.inputs);
    for (const [input, shape, message] of op.refused) {
      const changed = (): unknown => run(op, name, { ...op.inputs, [input]: shape });
      expect(changed).toThrow(message);
      expect(changed).toThrow(name);
    }
  });

  it.each([[[2]], [[2, 0]], [[0, 2]], [[2, 2, 2]]])('attention rejects %j as batch and heads', (sizes) => {
    const op = all.DnAttention as Op;
    expect(() => run({ ...op, sizes }, 'DnAttention', op.inputs)).toThrow(
      /sizes must be a batch and a number of heads/,
    );
  });

  it('do not depend on the number of threads', () => {
    const hashes = hashByThreads({ addon: addon as string, ops: ops as string }, hashed);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(hashes).size).toBe(1);
  });
});

const hashed = `
const run = (name, outputs, inputs, sizes) => {
  const attributes = sizes ? [{ name: 'sizes', type: binding.TF_ATTR_INT, value: sizes }] : [];
  results.push(...binding.executeOp(name, attributes, inputs.map((shape) => tensor(...shape)), outputs));
};
const rows = [1001, 130];
for (const [name, width] of [['DnBiasRelu', 0], ['DnBiasPrelu', 1], ['DnLayerNorm', 130]]) {
  const inputs = [rows, [130], ...(width ? [[width]] : [])];
  run(name, 1, inputs);
  run(name + 'Grad', inputs.length, [...inputs, rows]);
}
run('DnColumnSums', 1, [rows]);
run('DnSumOfSquares', 1, [[200003]]);
run('DnAdamW', 3, [[200003], [200003], [200003], [200003], [3], [4], [1]]);
const masks = [[1, 1, 70, 90], [1, 1, 70, 1]];
run('DnAttention', 1, [[140, 60], [180, 60], [180, 48], ...masks], [2, 3]);
run('DnAttentionGrad', 3, [[140, 60], [180, 60], [180, 48], ...masks, [140, 48]], [2, 3]);
run('DnPairedAttention', 1, [[140, 120], [140, 48], [1, 1, 1, 1], [1, 1, 1, 1]], [2, 3]);
run('DnPairedAttentionGrad', 2, [[140, 120], [140, 48], [1, 1, 1, 1], [1, 1, 1, 1], [140, 48]], [2, 3]);
`;
