/** Random numbers inside a step. They depend only on a seed tensor and are the same on every backend. */
import {
  cast,
  engine,
  getBackend,
  greaterEqual,
  mul,
  stack,
  type Tensor,
  type Tensor1D,
  tensor,
  util,
} from '@tensorflow/tfjs-core';
import { uniformKernel } from '../native/stateless-uniform.ts';
import { host } from './host.ts';
import { statelessUniform } from './philox.ts';

/** A source of dropout masks. */
export interface RandomStream {
  /**
   * A float32 tensor of `shape` whose entries are 1/(1 − rate) with probability 1 − rate and 0 otherwise. Calls on one
   * stream are independent of each other, and each result depends on the number of earlier calls.
   */
  dropoutMask(shape: number[], rate: number): Tensor;
}

/**
 * Creates a stream that depends only on the value of `seed`. Create it inside the step and feed a new seed each time.
 *
 * @param seed int32 scalar, an input of the captured function
 */
export function randomStream(seed: Tensor): RandomStream {
  let calls = 0;
  return {
    dropoutMask(shape, rate) {
      if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout rate is ${rate}: expected 0 <= rate < 1`);
      const kept = greaterEqual(uniform(stack([seed, tensor(calls++, [], 'int32')]) as Tensor1D, shape), rate);
      return mul(cast(kept, 'float32'), 1 / (1 - rate));
    },
  };
}

/**
 * Random numbers in [0, 1). Native TensorFlow draws them on the device, so that none have to be copied to a GPU; on
 * other backends the host draws them.
 *
 * @param seed `[2]`, int32
 */
function uniform(seed: Tensor1D, shape: number[]): Tensor {
  if (getBackend() === 'tensorflow') return engine().runKernel(uniformKernel, { seed }, { shape });
  return host([seed], (values) => tensor(statelessUniform(values as Int32Array, util.sizeFromShape(shape)), shape));
}
