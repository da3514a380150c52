/** The speed of single ops on the current backend, called one by one. */
import { fill, matMul, reshape, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Seconds for one call of `op`: the best of five rounds of at least 40 ms, each of which ends with a read. */
export function secondsPerCall(op: () => Tensor): number {
  const round = (calls: number): number => {
    const started = performance.now();
    for (let call = 1; call < calls; call++) op().dispose();
    // A GPU computes asynchronously: reading one number waits for it.
    tidy(() => slice(reshape(op(), [-1]), 0, 1).dataSync());
    return (performance.now() - started) / 1000;
  };
  round(1);
  let calls = 1;
  while (round(calls) < 0.04) calls *= 2;
  return Math.min(...Array.from({ length: 5 }, () => round(calls) / calls));
}

/** Speed of products of square float32 matrices, in GFLOP/s. */
export function productGflops(side: number): number {
  const matrix = fill([side, side], 0.5);
  const seconds = secondsPerCall(() => matMul(matrix, matrix));
  matrix.dispose();
  return (2 * side ** 3) / seconds / 1e9;
}
