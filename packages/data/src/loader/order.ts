/** In which order images are trained on: it depends only on seed and epoch. */
import { shuffler } from 'd3-array';
import { randomStream } from '../random.ts';

export interface StepImages {
  readonly epoch: number;
  /** `[batchSize]`: indices of the images */
  readonly images: readonly number[];
}

/** Splits epochs into batches of images that lie in one group. */
export class EpochOrder {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  /** Groups after small ones have been merged into others. */
  readonly groups: readonly (readonly number[])[];
  readonly #seed: number;
  // Steps are asked for in turn, ahead of an epoch's end too.
  readonly #epochs = new Map<number, readonly (readonly number[])[]>();

  /**
   * @param groups the indices of images that may share a batch. A group of fewer than a batch joins the largest other
   * @param batchSize not more than there are images is used
   */
  constructor(groups: readonly (readonly number[])[], batchSize: number, seed: number) {
    this.#seed = seed;
    this.batchSize = Math.min(
      batchSize,
      groups.reduce((sum, group) => sum + group.length, 0),
    );
    this.groups = joined(groups, this.batchSize);
    this.stepsPerEpoch = this.groups.reduce((sum, group) => sum + Math.ceil(group.length / this.batchSize), 0);
  }

  /** @param step counted from 0 over all epochs */
  at(step: number): StepImages {
    const epoch = Math.floor(step / this.stepsPerEpoch);
    const images = this.#batches(epoch)[step % this.stepsPerEpoch] as readonly number[];
    return { epoch, images };
  }

  /**
   * Every image once; the last batch of a group is filled up from the beginning of the group's order, so that a few are
   * seen twice.
   */
  #batches(epoch: number): readonly (readonly number[])[] {
    const known = this.#epochs.get(epoch);
    if (known !== undefined) return known;
    const batches = this.groups.flatMap((group, g) => {
      const order = shuffler(randomStream(this.#seed, 'order', epoch, g))([...group]);
      return Array.from({ length: Math.ceil(order.length / this.batchSize) }, (_, b) =>
        Array.from({ length: this.batchSize }, (_, i) => order[(b * this.batchSize + i) % order.length] as number),
      );
    });
    const order = shuffler(randomStream(this.#seed, 'order', epoch, 'groups'))(batches);
    this.#epochs.clear();
    this.#epochs.set(epoch, order);
    return order;
  }
}

function joined(groups: readonly (readonly number[])[], batchSize: number): readonly (readonly number[])[] {
  const bySize = groups.filter(({ length }) => length > 0).sort((a, b) => b.length - a.length);
  const small = bySize.slice(1).filter(({ length }) => length < batchSize);
  const [largest = [], ...others] = bySize.filter((group) => !small.includes(group));
  return [[...largest, ...small.flat()], ...others];
}
