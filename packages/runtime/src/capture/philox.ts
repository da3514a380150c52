/**
 * The generator behind TensorFlow's stateless random ops: Philox4x32-10 (Salmon et al., SC 2011), a hash of a key and a
 * counter.
 */

/**
 * Computes the numbers of TensorFlow's `StatelessRandomUniform`, to the last bit (`GenerateKey` in
 * core/kernels/stateless_random_ops.cc; `Uint32ToFloat` in core/lib/random/random_distributions_utils.h).
 *
 * @param seed two int32 numbers
 * @param size number of values
 * @returns float32 values in [0, 1)
 */
export function statelessUniform([first = 0, second = 0]: Int32Array, size: number): Float32Array {
  // Negative seeds are sign-extended to 64 bits.
  const scrambled = philox([first, first >> 31, second, second >> 31], 0x3ec8f720, 0x02461e29);
  const [key0, key1, counter2, counter3] = scrambled;
  const numbers = new Float32Array(size);
  for (let block = 0; 4 * block < size; block++) {
    // The first two words of the counter number the blocks; a tensor never has 2^32 of them.
    const words = philox([block, 0, counter2, counter3], key0, key1);
    for (let i = 0; i < 4 && 4 * block + i < size; i++) {
      numbers[4 * block + i] = ((words[i] as number) & 0x7fffff) * 2 ** -23;
    }
  }
  return numbers;
}

type Words = [number, number, number, number];

const rounds = 10;

/** Four pseudo-random 32-bit words. */
function philox([c0, c1, c2, c3]: Words, key0: number, key1: number): Words {
  for (let round = 0; round < rounds; round++) {
    const [low0, high0] = [Math.imul(0xd2511f53, c0), highProduct(0xd2511f53, c0)];
    const [low1, high1] = [Math.imul(0xcd9e8d57, c2), highProduct(0xcd9e8d57, c2)];
    [c0, c1, c2, c3] = [high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0];
    // Weyl sequences of the golden ratio and of √3 − 1.
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of the product of two unsigned words. */
function highProduct(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carried = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carried >>> 16)) | 0;
}
