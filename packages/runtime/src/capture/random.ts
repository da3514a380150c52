/** Random numbers inside a step, which depend only on a seed tensor: every backend gives the same ones. */
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

/** A source of keep masks, such as dropout takes. */
export interface RandomStream {
  /**
   * A tensor of `shape` whose entries are 1/(1 − rate) with probability 1 − rate and 0 otherwise (float32).
   * Calls on one stream are independent of each other; their order decides what each one gives.
   */
  dropoutMask(shape: number[], rate: number): Tensor;
}

/**
 * A stream that depends only on the value of `seed`. Make it inside the step and feed a new seed each time.
 * @param seed int32 scalar, an input of the captured function.
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
 * Numbers in [0, 1): native TensorFlow draws them where its tensors are, so that none travel to a GPU; on other backends the
 * host does.
 * @param seed `[2]`, int32
 */
function uniform(seed: Tensor1D, shape: number[]): Tensor {
  if (getBackend() === 'tensorflow') return engine().runKernel(uniformKernel, { seed }, { shape });
  return host([seed], (values) => tensor(statelessUniform(values as Int32Array, util.sizeFromShape(shape)), shape));
}
