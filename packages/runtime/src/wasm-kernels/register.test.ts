import { counts, expectSame, random, testOnWasm, withGradients } from '@dn-detr/testing/wasm-and-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import { registerTrainingKernels } from './register.ts';

testOnWasm();

it('registers once, without a warning', () => {
  const warn = vi.spyOn(console, 'warn');
  const kernel = tf.getKernel('BatchMatMul', 'wasm').kernelFunc;
  registerTrainingKernels();
  expect(tf.getKernel('BatchMatMul', 'wasm').kernelFunc).toBe(kernel);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

describe('the operations of a DETR step', () => {
  const positive = (x: tf.Tensor): tf.Tensor => tf.add(tf.abs(x), 0.1);
  const operations: Record<string, (x: tf.Tensor, y: tf.Tensor) => tf.Tensor> = {
    'layer norm': (x, y) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), y);
    },
    'group norm': (x, y) => {
      const groups = tf.reshape(x, [2, 4, 3, 2]);
      const { mean, variance } = tf.moments(groups, [1, 3], true);
      return tf.mul(tf.reshape(tf.div(tf.sub(groups, mean), tf.sqrt(tf.add(variance, 1e-5))), [2, 4, 6]), y);
    },
    attention: (x, y) => tf.matMul(tf.softmax(tf.div(tf.matMul(x, y, false, true), 2)), y),
    'log softmax': (x, y) => tf.mul(tf.logSoftmax(x), y),
    'log sum exp': (x, y) => tf.mul(tf.logSumExp(x, -1, true), y),
    'focal loss': (x, y) => tf.mul(tf.mul(tf.softplus(x), tf.pow(tf.sub(1, tf.sigmoid(x)), 2)), y),
    'inverse sigmoid': (x, y) => {
      const p = tf.clipByValue(tf.sigmoid(x), 1e-5, 1 - 1e-5);
      return tf.mul(tf.log(tf.div(p, tf.sub(1, p))), y);
    },
    'sine positions': (x, y) => tf.concat([tf.sin(tf.mul(x, 6.28)), tf.cos(tf.mul(y, 6.28))], -1),
    'L1 and boxes': (x, y) => tf.add(tf.abs(tf.sub(x, y)), tf.div(tf.minimum(x, y), positive(tf.maximum(x, y)))),
    'relu, elu, gelu': (x, y) => tf.addN([tf.relu(x), tf.elu(y), tf.mul(x, tf.erf(x))]),
    'leaky relu and prelu': (x, y) => tf.add(tf.leakyRelu(x, 0.1), tf.prelu(x, tf.abs(y))),
    'where and masks': (x, y) =>
      tf.where(tf.greater(tf.sin(tf.reshape(tf.range(0, 48), [2, 4, 6])), 0), tf.mul(x, y), tf.fill([2, 4, 6], -1e9)),
    'split, stack, unstack': (x, y) => tf.stack([...tf.split(x, [1, 2, 3], 2).slice(1, 2), ...tf.split(y, 3, -1)]),
    'unstack and tile': (x, y) => tf.add(tf.tile(tf.expandDims(tf.unstack(x)[1] as tf.Tensor, 0), [2, 1, 1]), y),
    'slice, pad, reverse': (x, y) =>
      tf.mul(
        tf.reverse(
          tf.pad(tf.slice(x, [0, 1, 2], [2, 2, 3]), [
            [0, 0],
            [1, 1],
            [2, 1],
          ]),
          1,
        ),
        y,
      ),
    // The last axis, counted from the front: others have a gradient of the wrong shape on every backend, and -1 reads
    // outside WASM's memory.
    'cumulative sum': (x, y) => tf.mul(tf.cumsum(x, 2), y),
    'broadcast sums': (x, y) => tf.mul(tf.broadcastTo(tf.sum(x, 1, true), [2, 4, 6]), tf.mean(y, [0, 2], true)),
    'max and min': (x, y) => tf.add(tf.max(x, -1), tf.min(y, -1)),
    'logs and exponents': (x, y) => tf.add(tf.log1p(tf.abs(x)), tf.mul(tf.expm1(x), tf.tanh(y))),
    'sign, step, square': (x, y) =>
      tf.add(tf.mul(tf.sign(x), tf.square(y)), tf.mul(tf.step(y), tf.squaredDifference(x, y))),
    'powers and roots': (x, y) => tf.add(tf.pow(positive(x), y), tf.reciprocal(tf.sqrt(positive(y)))),
    'transposed copies': (x, y) => tf.mul(tf.transpose(x, [2, 0, 1]), tf.transpose(y, [2, 0, 1])),
    'max and average pooling': (x, y) =>
      tf.add(
        tf.maxPool(tf.reshape(x, [2, 4, 6, 1]) as tf.Tensor4D, 3, 2, 'same'),
        tf.avgPool(tf.reshape(y, [2, 4, 6, 1]) as tf.Tensor4D, 2, 2, 'valid'),
      ),
    // One square image: the cpu backend's gradients are wrong for others (WASM's are right).
    'bilinear resizing': (x, y) =>
      tf.image.resizeBilinear(tf.reshape(tf.mul(x, y), [1, 4, 4, 3]) as tf.Tensor4D, [7, 9]),
    'nearest resizing': (x, y) =>
      tf.image.resizeNearestNeighbor(tf.reshape(tf.mul(x, y), [1, 4, 4, 3]) as tf.Tensor4D, [8, 8]),
  };

  it.each(Object.entries(operations))('%s: the same values and gradients as on cpu', (_, operation) => {
    expectSame(
      [random([2, 4, 6]), tf.randomUniform([2, 4, 6], -2, 2, 'float32', 7)],
      withGradients(operation as never),
    );
  });

  it('selections and integers: the same values as on cpu', () => {
    expectSame([random([3, 9]), tf.tensor1d([0, 5, -1, 4, 2], 'int32')], (x, ids) => [
      ...Object.values(tf.topk(x, 4)),
      tf.argMax(x, 1),
      tf.oneHot(ids as tf.Tensor1D, 6),
      tf.cast(tf.isNaN(tf.log(x)), 'int32'),
      tf.cast(tf.isFinite(tf.log(x)), 'int32'),
      tf.cast(tf.logicalAnd(tf.greater(x, 0), tf.logicalNot(tf.less(x, 1))), 'float32'),
      tf.any(tf.greater(x, 2), 1),
      tf.stridedSlice(x, [0, 1], [3, 9], [2, 3]),
      tf.sum(ids),
      tf.mod(ids, tf.scalar(3, 'int32')),
      tf.floor(x),
      tf.round(x),
      tf.scatterND(tf.tensor2d([[1], [1]], [2, 1], 'int32'), tf.ones([2, 2]), [3, 2]),
      tf.gatherND(
        x,
        tf.tensor2d(
          [
            [0, 1],
            [2, 3],
          ],
          [2, 2],
          'int32',
        ),
      ),
    ]);
  });
});

it('frees memory when a step fails, and over many steps', () => {
  const [x, w, q] = [random([2, 16, 16, 8]), random([3, 3, 8, 8]), random([4, 32, 32])];
  const step = (): void =>
    tf.tidy(() => {
      tf.grads((x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same'))([x, w], tf.ones([2, 8, 8, 8]));
      tf.grad((q) => tf.matMul(q, q, false, true))(q);
    });
  step();
  const steady = counts();
  const heapSize = (): number =>
    (tf.backend() as tf.KernelBackend & { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
  const heap = heapSize();
  for (let i = 0; i < 200; i++) step();
  expect(counts()).toEqual(steady);
  expect(heapSize()).toBe(heap);
  // dy of the wrong size, which fails midway through the composition.
  const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: [3, 3, 8, 8] };
  expect(() => tf.engine().runKernel('Conv2DBackpropFilter', { x, dy: q }, attrs)).toThrow();
  expect(counts()).toEqual(steady);
  tf.dispose([x, w, q]);
});
