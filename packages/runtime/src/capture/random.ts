/** Random numbers inside a step: drawn on the host from a seed tensor, so every backend sees the same ones. */
import { type Tensor, tensor, util } from '@tensorflow/tfjs-core';
import { host } from './host.ts';

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
      const call = calls++;
      return host([seed], (value) => tensor(keepMask(Number(value[0]), call, util.sizeFromShape(shape), rate), shape));
    },
  };
}

/** Two 16-bit draws from each hash of (seed, call, counter): a rate is met to within 1/65536. */
function keepMask(seed: number, call: number, size: number, rate: number): Float32Array {
  const mask = new Float32Array(size);
  const scale = 1 / (1 - rate);
  const threshold = Math.round(rate * 65536);
  const key = mix(mix(seed ^ 0x9e3779b9) + call);
  for (let index = 0, counter = 0; index < size; counter++) {
    const bits = mix(key + Math.imul(counter, 0x9e3779b1));
    mask[index++] = (bits & 0xffff) >= threshold ? scale : 0;
    if (index < size) mask[index++] = bits >>> 16 >= threshold ? scale : 0;
  }
  return mask;
}

/** The finaliser of MurmurHash3 (32 bit): every input bit changes every output bit with probability one half. */
function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
