import { expectSame, random, testOnWasm, withGradients } from '@dn-detr/testing/wasm-and-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

testOnWasm();

describe('products', () => {
  const sizes = [1, 5, 20, 33];
  const transpositions = [false, true].flatMap((a) => [false, true].map((b) => [a, b] as const));
  const operands = (batch: number[], m: number, k: number, n: number, ta: boolean, tb: boolean): tf.Tensor[] => [
    random([...batch, ...(ta ? [k, m] : [m, k])]),
    random([...batch, ...(tb ? [n, k] : [k, n])]),
  ];

  it.each(transpositions)('have the values and gradients of the cpu backend: transposed %s, %s', (ta, tb) => {
    for (const batch of [[], [1], [3], [2, 3]]) {
      for (const size of sizes) {
        const [m, k, n] = [size, size + 3, 2 * size];
        expectSame(
          operands(batch, m, k, n, ta, tb),
          withGradients((a, b) => tf.matMul(a, b, ta, tb)),
        );
      }
    }
  });

  it('broadcast one matrix over a batch', () => {
    for (const [a, b] of [
      [1, 3],
      [3, 1],
    ]) {
      expectSame([random([a ?? 0, 20, 24]), random([b ?? 0, 24, 30])], (a, b) => [tf.matMul(a, b)]);
    }
  });

  it('reject mixed broadcasting, which the stock kernel gets wrong', () => {
    const [a, b] = [random([2, 1, 4, 4]), random([1, 3, 4, 4])];
    expect(() => tf.matMul(a, b)).toThrow(/tile the operands/);
    tf.dispose([a, b]);
  });

  it('accept empty operands', () => {
    expectSame([random([2, 0, 8]), random([2, 6, 8])], (a, b) => [tf.matMul(a, b, false, true)]);
    expectSame([random([0, 40, 8]), random([0, 60, 8])], (a, b) => [tf.matMul(a, b, false, true)]);
  });

  it.each(transpositions)('fuse a bias and an activation: transposed %s, %s', (transposeA, transposeB) => {
    for (const batch of [[], [3]]) {
      for (const activation of ['linear', 'relu', 'sigmoid'] as const) {
        expectSame([...operands(batch, 20, 24, 28, transposeA, transposeB), random([28])], (a, b, bias) => [
          tf.fused.matMul({ a, b, bias, activation, transposeA, transposeB } as Parameters<typeof tf.fused.matMul>[0]),
        ]);
      }
    }
  });
});
