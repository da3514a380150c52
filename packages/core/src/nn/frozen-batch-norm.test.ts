import { useBackend } from '@dn-detr/runtime';
import { expectNoLeak, expectSameOp, kernelsOf, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BatchNormTensors, convFrozenBatchNorm, frozenBatchNorm } from './frozen-batch-norm.ts';
import { initialParameters } from './init.ts';

beforeAll(() => useBackend('cpu'));

const normOf = (): BatchNormTensors => ({
  weight: spread([4], 2) as tf.Tensor1D,
  bias: spread([4], 3) as tf.Tensor1D,
  runningMean: spread([4], 4) as tf.Tensor1D,
  runningVar: tf.add(1.5, spread([4], 5)) as tf.Tensor1D,
});
const inputs = () => [spread([2, 5, 4, 3]), spread([3, 3, 3, 4], 1)];
const same = (x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D => tf.conv2d(x, kernel, 1, 'same');
const folded =
  (norm = normOf()) =>
  (x?: tf.Tensor, kernel?: tf.Tensor) =>
    convFrozenBatchNorm(x as tf.Tensor4D, kernel as tf.Tensor4D, norm, same);

describe('convFrozenBatchNorm', () => {
  it('is a convolution followed by batch norm, with the same gradients', () => {
    const norm = normOf();
    const plain = (x?: tf.Tensor, kernel?: tf.Tensor) => {
      const y = tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same');
      const normal = tf.div(tf.sub(y, norm.runningMean), tf.sqrt(tf.add(norm.runningVar, 1e-5)));
      return tf.add(tf.mul(normal, norm.weight), norm.bias);
    };
    expectSameOp(folded(norm), plain, inputs(), 1e-5);
  });

  it('lets no gradient flow to the norm', () => {
    const [x, kernel] = inputs();
    const norm = normOf();
    const loss = (...values: tf.Tensor[]) => {
      const [weight, bias, runningMean, runningVar] = values as tf.Tensor1D[];
      return tf.sum(folded({ weight, bias, runningMean, runningVar } as BatchNormTensors)(x, kernel));
    };
    expect(() => tf.grads(loss)(Object.values(norm))).toThrow('Cannot compute gradient');
  });

  it('trains weight and bias if requested, but not the statistics', () => {
    const { runningMean, runningVar, ...trained } = normOf();
    const fold = { epsilon: 1e-3, trainNorm: true };
    const ours = (x?: tf.Tensor, kernel?: tf.Tensor, weight?: tf.Tensor, bias?: tf.Tensor) => {
      const norm = { weight, bias, runningMean, runningVar } as BatchNormTensors;
      return convFrozenBatchNorm(x as tf.Tensor4D, kernel as tf.Tensor4D, norm, same, fold);
    };
    const plain = (x?: tf.Tensor, kernel?: tf.Tensor, weight?: tf.Tensor, bias?: tf.Tensor) => {
      const y = tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same');
      const normal = tf.div(tf.sub(y, runningMean), tf.sqrt(tf.add(runningVar, 1e-3)));
      return tf.add(tf.mul(normal, weight as tf.Tensor), bias as tf.Tensor);
    };
    expectSameOp(ours, plain, [...inputs(), trained.weight, trained.bias], 1e-5);
    expectNoLeak(ours, [...inputs(), trained.weight, trained.bias]);
    const [x, kernel] = inputs();
    const loss = (mean: tf.Tensor, variance: tf.Tensor) =>
      tf.sum(
        convFrozenBatchNorm(
          x as tf.Tensor4D,
          kernel as tf.Tensor4D,
          { ...trained, runningMean: mean, runningVar: variance } as BatchNormTensors,
          same,
          fold,
        ),
      );
    expect(() => tf.grads(loss)([runningMean, runningVar])).toThrow('Cannot compute gradient');
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(folded(), inputs());
  });

  it('runs few kernels', async () => {
    const kernels = await kernelsOf(folded(), inputs());
    const large = ['Conv2D', 'Add', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'];
    expect(kernels.filter((name) => name.startsWith('Conv2D'))).toHaveLength(3);
    // Six with one value per channel, and one of the kernel's size in each direction.
    expect(kernels.filter((name) => !large.includes(name))).toHaveLength(6);
  });
});

describe('frozenBatchNorm', () => {
  it('starts as the identity and is never trained', () => {
    const module = frozenBatchNorm('bn1', 4);
    expect(module.parameters.map(({ name, shape, group }) => [name, shape, group])).toEqual([
      ['bn1.weight', [4], 'frozen'],
      ['bn1.bias', [4], 'frozen'],
      ['bn1.running_mean', [4], 'frozen'],
      ['bn1.running_var', [4], 'frozen'],
    ]);
    const { weight, bias, runningMean, runningVar } = module.apply(initialParameters(module.parameters, 1));
    expect([weight, bias, runningMean, runningVar].map((each) => each.dataSync()[0])).toEqual([1, 0, 0, 1]);
  });
});
