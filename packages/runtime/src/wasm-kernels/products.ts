/** Matrix products. */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { compose, input } from './compose.ts';

/** Below this many multiply-adds per matrix, setting up XNNPACK costs more than the naive loop takes. */
const SMALL_PRODUCT = 8192;

/**
 * `BatchMatMul` and `_FusedMatMul`: a [...,M,K] · b [...,K,N] → [...,M,N], or with either operand transposed. XNNPACK
 * multiplies only one untransposed pair of matrices, so operands are transposed first and a batch is processed matrix
 * by matrix.
 */
export const quickProduct =
  (stock: KernelFunc): KernelFunc =>
  (params) => {
    const { inputs, backend, attrs } = params;
    const a = input(inputs, 'a');
    const b = input(inputs, 'b');
    const { transposeA, transposeB } = attrs as unknown as tf.BatchMatMulAttrs;
    const [m, k] = matrixShape(a, transposeA);
    const [, n] = matrixShape(b, transposeB);
    const [shapeA, shapeB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(shapeA, shapeB);
    const [batchA, batchB, batch] = [shapeA, shapeB, batchShape].map(tf.util.sizeFromShape) as [number, number, number];
    if ([batchA, batchB].some((count) => count !== 1 && count !== batch)) {
      throw new Error(`${a.shape} · ${b.shape}: WASM repeats a whole batch or none of it; tile the operands first.`);
    }
    const isQuick = batch === 0 || (batch === 1 && !transposeA && !transposeB);
    // PReLU weights may differ along the batch; no training step fuses them.
    if (isQuick || m * k * n < SMALL_PRODUCT || inputs.preluActivationWeights) return stock(params);

    return compose(backend, (ops) => {
      const left = ops.matrices(a, transposeA);
      const right = ops.matrices(b, transposeB);
      const multiply = (a: TensorInfo, b: TensorInfo): TensorInfo =>
        ops.keep(
          stock({ inputs: { ...inputs, a, b }, backend, attrs: { ...attrs, transposeA: false, transposeB: false } }),
        );
      if (batch === 1) return ops.reshape(multiply(left, right), [...batchShape, m, n]);

      const out = ops.empty([batch, m, n]);
      for (let i = 0; i < batch; i++) {
        const leftMatrix = ops.rows(left, batchA === 1 ? 0 : i, 1);
        const rightMatrix = ops.rows(right, batchB === 1 ? 0 : i, 1);
        const product = multiply(leftMatrix, rightMatrix);
        ops.write(product, out, i);
        ops.release(leftMatrix, rightMatrix, product);
      }
      return ops.reshape(out, [...batchShape, m, n]);
    });
  };

/** Numbers of rows and columns of the matrices in x, after the transposition. */
function matrixShape(x: TensorInfo, transposed: boolean): [number, number] {
  const [rows, columns] = x.shape.slice(-2);
  if (rows === undefined || columns === undefined) throw new Error(`Expected matrices, got shape [${x.shape}].`);
  return transposed ? [columns, rows] : [rows, columns];
}
