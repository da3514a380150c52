import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../backend.ts';
import { capture } from '../capture/capture.ts';
import { findNative } from '../native/find.ts';
import { hashByThreads } from '../testing/hash-by-threads.ts';

const native = await findNative();
const { addon } = native;
const ops = native.addon && native.ops.file;
const missing =
  native.addon === undefined ? native.reason : native.ops.file === undefined ? native.ops.reason : undefined;
if (missing !== undefined) console.warn(`native ops are not tested: ${missing}`);

const name = 'DnMultiScaleDeformableAttention';
const attributes = { sizes: [2, 3, 1, 1] };
const shapes = { value: [1, 7, 2, 4], locations: [1, 5, 2, 2, 3, 2], weights: [1, 5, 2, 2, 3], dy: [1, 5, 8] };

const numbers = (shape: readonly number[]): tf.Tensor => {
  const size = tf.util.sizeFromShape([...shape]);
  return tf.tensor(
    Array.from({ length: size }, (_, i) => Math.sin(i * i) ** 2),
    [...shape],
  );
};
const inputsOf = (changed: Partial<typeof shapes> = {}): Record<keyof typeof shapes, tf.Tensor> => {
  const all = { ...shapes, ...changed };
  return {
    value: numbers(all.value),
    locations: numbers(all.locations),
    weights: numbers(all.weights),
    dy: numbers(all.dy),
  };
};
const run = ({ value, locations, weights, dy }: ReturnType<typeof inputsOf>, sizes = attributes): tf.Tensor[] => [
  tf.engine().runKernel<tf.Tensor>(name, { value, locations, weights }, sizes),
  ...tf.engine().runKernel<tf.Tensor[]>(`${name}Grad`, { value, locations, weights, dy }, sizes),
];

describe.skipIf(missing !== undefined)('native ops', () => {
  beforeAll(async () => {
    await useBackend('tensorflow');
  });

  it('are listed by the backend, with their instruction set', async () => {
    const { tensorflow } = await useBackend('tensorflow');
    const { DN_DETR_NATIVE_OPS: most } = process.env;
    expect(tensorflow?.ops).toEqual({
      names: [
        'DnAdamW',
        'DnAttention',
        'DnBiasPrelu',
        'DnBiasRelu',
        'DnColumnSums',
        'DnDepthwiseConv',
        'DnLayerNorm',
        name,
        'DnPairedAttention',
        'DnSumOfSquares',
      ],
      instructionSet: expect.stringMatching(most ? new RegExp(`^(plain|${most})$`) : /^(avx512|avx2|plain)$/),
    });
  });

  it('give the same numbers in a captured graph', () => {
    const captured = capture((inputs: ReturnType<typeof inputsOf>) => run(inputs));
    for (let call = 0; call < 2; call++) {
      const inputs = inputsOf();
      const found = captured(inputs);
      run(inputs).forEach((tensor, i) => {
        expect(found[i]?.shape).toEqual(tensor.shape);
        expect(found[i]?.dataSync()).toEqual(tensor.dataSync());
      });
    }
    expect(captured.stats).toMatchObject({ captures: 1, replays: 1, eager: 0 });
    captured.dispose();
  });

  it.each([
    [{ value: [1, 7, 8] }, attributes, /expected value \[B, S, H, D\]/],
    [
      { weights: [1, 5, 2, 2, 4] },
      attributes,
      /shapes do not match each other and 2 levels; found value \[1, 7, 2, 4\]/,
    ],
    [{ value: [2, 7, 2, 4] }, attributes, /do not match each other/],
    [{}, { sizes: [2, 3] }, /do not match each other and 1 levels/],
    [{}, { sizes: [2, 3, 1] }, /a height and a width for each level/],
    [{}, { sizes: [2, 3, 2, 1] }, /the levels have 8 pixels/],
    [{}, { sizes: [7, 1, 0, 1] }, /every level must have a pixel/],
  ])('reject inputs that they cannot compute: %j, %j', (changed, sizes, message) => {
    const inputs = inputsOf(changed);
    expect(() => run(inputs, sizes)).toThrow(message);
    expect(() => run(inputs, sizes)).toThrow(/DnMultiScaleDeformableAttention/);
  });

  it('reject a gradient of another shape', () => {
    expect(() => run(inputsOf({ dy: [1, 5, 7] }))).toThrow(/expected dy \[1, 5, 8\]; found \[1, 5, 7\]/);
  });

  it.each([
    [{ value: [0, 7, 2, 4], locations: [0, 5, 2, 2, 3, 2], weights: [0, 5, 2, 2, 3], dy: [0, 5, 8] }, attributes],
    [{ locations: [1, 5, 2, 2, 0, 2], weights: [1, 5, 2, 2, 0] }, attributes],
    [{ value: [1, 7, 2, 0], dy: [1, 5, 0] }, attributes],
    [{ value: [1, 0, 2, 4], locations: [1, 5, 2, 0, 3, 2], weights: [1, 5, 2, 0, 3] }, { sizes: [] as number[] }],
  ])('give zeros for sizes of zero: %j', (changed, sizes) => {
    const inputs = inputsOf(changed);
    const [out, ...grads] = run(inputs, sizes) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    expect([out, ...grads].map(({ shape }) => shape)).toEqual(
      [inputs.dy, inputs.value, inputs.locations, inputs.weights].map(({ shape }) => shape),
    );
    expect(out.dataSync().every((number) => number === 0)).toBe(true);
    expect(grads[0].dataSync().every((number) => number === 0)).toBe(true);
  });

  it.each([
    ['are zeros for locations as far outside as numbers reach', [3e38, -3e38, 1e10, -1e10], 0],
    ['show that a location is no number', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], Number.NaN],
  ])('%s', (_, wild, expected) => {
    const inputs = inputsOf();
    const locations = tf.tensor(
      Array.from({ length: inputs.locations.size }, (_, i) => wild[i % wild.length] as number),
      shapes.locations,
    );
    const [out] = run({ ...inputs, locations }) as [tf.Tensor];
    expect(out.dataSync()).toEqual(new Float32Array(out.size).fill(expected));
  });

  it('do not depend on the number of threads', () => {
    const hashes = hashByThreads({ addon: addon as string, ops: ops as string }, hashed);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(hashes).size).toBe(1);
  });
});

const hashed = `
const attributes = [{ name: 'sizes', type: binding.TF_ATTR_INT, value: [20, 30, 5, 7] }];
const inputs = [tensor(2, 635, 4, 16), tensor(2, 301, 4, 2, 3, 2), tensor(2, 301, 4, 2, 3)];
results.push(
  ...binding.executeOp('${name}', attributes, inputs, 1),
  ...binding.executeOp('${name}Grad', attributes, [...inputs, tensor(2, 301, 64)], 3),
);
`;
