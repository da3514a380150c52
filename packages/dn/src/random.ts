/** Sources of the random numbers in the noise: a seeded stream, or draws recorded elsewhere. */
import seedrandom from 'seedrandom';
import { DnError } from './error.ts';

/**
 * A source of random numbers. The noise always calls it in the order of the reference implementations, for the N real
 * known queries in group-major order (group, then positives before negatives, then image, then object):
 *
 * 1. the subset of an image's objects, only if the budget requires one: `uniform`, as many numbers as objects are kept;
 * 2. label flips, if `labelNoise > 0`: `uniform` [N], then `integers` for the flipped labels only, in ascending order;
 * 3. box noise, if its scale is above 0: `uniform` [N, 4]; if contrastive, signs as `integers` below 2 [N, 4], then
 *    `uniform` [N, 4].
 */
export interface NoiseSource {
  /** Fills `out` with numbers uniform in [0, 1); 1 itself must not occur. */
  uniform(out: Float32Array): void;
  /** Fills `out` with integers uniform in 0..below−1. */
  integers(out: Int32Array, below: number): void;
}

/**
 * A stream of `seedrandom`'s Alea generator: the same seed gives the same numbers everywhere. (Its default generator,
 * ARC4, takes ten times as long.) For runs that can be resumed, make one per step from the run's seed and the step
 * number.
 */
export function seededNoise(seed: string | number): NoiseSource {
  const next = seedrandom.alea(String(seed));
  // The first draws of seeds that differ in one digit, like those of successive steps, are correlated.
  for (let i = 0; i < 32; i++) next();
  return {
    uniform: (out) => {
      // 24 bits, as in torch.rand: a float32 represents them exactly, so that none is rounded up to 1.
      for (let i = 0; i < out.length; i++) out[i] = Math.floor(next() * 0x1000000) / 0x1000000;
    },
    integers: (out, below) => {
      for (let i = 0; i < out.length; i++) out[i] = Math.floor(next() * below);
    },
  };
}

/** A source that replays recorded draws. */
export interface RecordedNoise extends NoiseSource {
  /** Number of arrays that have not been requested yet. */
  readonly remaining: number;
}

/**
 * Replays draws, one array per request, in the order of `NoiseSource`, to reproduce the result of another
 * implementation.
 *
 * @throws DnError from its methods if an array is missing, has another length than the request, or contains a number
 *   that the request cannot give
 */
export function recordedNoise(draws: readonly ArrayLike<number>[]): RecordedNoise {
  let used = 0;
  const replay = (out: Float32Array | Int32Array, fits: (value: number) => boolean, expected: string) => {
    const draw = draws[used];
    if (draw === undefined) throw new DnError(`all ${draws.length} recorded draws are used up`);
    if (draw.length !== out.length) {
      throw new DnError(`recorded draw ${used} holds ${draw.length} numbers, but ${out.length} were requested`);
    }
    const wrong = Array.from(draw).findIndex((value) => !fits(value));
    if (wrong >= 0) throw new DnError(`recorded draw ${used} holds ${draw[wrong]} at ${wrong}: expected ${expected}`);
    out.set(draw);
    used++;
  };
  return {
    uniform: (out) => replay(out, (value) => value >= 0 && Math.fround(value) < 1, 'numbers in [0, 1)'),
    integers: (out, below) => {
      const fits = (value: number) => Number.isInteger(value) && value >= 0 && value < below;
      replay(out, fits, `whole numbers in 0..${below - 1}`);
    },
    get remaining() {
      return draws.length - used;
    },
  };
}
