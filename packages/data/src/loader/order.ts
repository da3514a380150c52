/** The order in which images are trained on, which depends only on seed and epoch. */
import { shuffler } from 'd3-array';
import { randomStream } from '../random.ts';

export interface StepImages {
  readonly epoch: number;
  /** Indices of the images, `[batchSize]`. */
  readonly images: readonly number[];
}

/** Splits epochs into batches of images from one group each. */
export class EpochOrder {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  /** Groups of image indices, after small groups have joined the largest. */
  readonly groups: readonly (readonly number[])[];
  readonly #seed: number;
  // Steps are requested in order, but ahead of time, so also beyond the end of an epoch.
  readonly #epochs = new Map<number, readonly (readonly number[])[]>();

  /**
   * @param groups the indices of images that may share a batch; a group of fewer than a batch joins the largest other
   * @param batchSize reduced to the number of images where there are fewer
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

  /**
   * The images of a step.
   *
   * @param step counted from 0 over all epochs
   */
  at(step: number): StepImages {
    const epoch = Math.floor(step / this.stepsPerEpoch);
    const images = this.#batches(epoch)[step % this.stepsPerEpoch] as readonly number[];
    return { epoch, images };
  }

  /**
   * The batches of an epoch, with every image once; the last batch of a group is filled up from the beginning of the
   * group's order, so a few images are seen twice.
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
