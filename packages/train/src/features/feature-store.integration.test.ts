import { tiny } from '@dn-detr/core';
import { initialParameters } from '@dn-detr/core/nn';
import { type DatasetImage, shapesDataset, wholeView } from '@dn-detr/data';
import { smallBackend } from '@dn-detr/testing/small-run';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { FeatureStore } from './feature-store.ts';

beforeAll(() => smallBackend());

const canvas = { width: 16, height: 8 };
const [first, second] = shapesDataset({ train: 2, val: 1, size: 8, plain: true }).train as [DatasetImage, DatasetImage];
const seen = (source: DatasetImage, flip = false) => ({ source, view: { ...wholeView(source), flip } });
/** Features of two levels: 4 × 8 × 8 and 2 × 4 × 16 numbers. */
const backbone = tiny({ channels: [8, 16], levels: 2 });
const bytes = 4 * (4 * 8 * 8 + 2 * 4 * 16);

const newStore = (memoryBytes: number) =>
  new FeatureStore({ backbone, weights: initialParameters(backbone.parameters, 1), memoryBytes });

/** The features of a batch; each image has one value, 1, 2, …, in the order in which they are read. */
async function load(store: FeatureStore, items: readonly ReturnType<typeof seen>[], reads: number[]) {
  const finish = await store.load(items, canvas, async (n) => {
    reads.push(n);
    return (out) => out.fill(items[n]?.source === first ? 1 : 2);
  });
  return finish();
}

it('reads an image once for each way it is seen, in any batch', async () => {
  const before = tf.memory().numTensors;
  const store = newStore(10 * bytes);
  const reads: number[] = [];
  const { levels } = await load(store, [seen(first), seen(second)], reads);
  expect(levels.map(({ shape }) => shape)).toEqual([
    [2, 4, 8, 8],
    [2, 2, 4, 16],
  ]);
  const again = await load(store, [seen(second), seen(first), seen(first, true)], reads);
  expect(reads).toEqual([0, 1, 2]);
  for (const [l, { shape, values }] of levels.entries()) {
    const size = values.length / 2;
    const other = again.levels[l]?.values;
    expect(again.levels[l]?.shape).toEqual([3, ...shape.slice(1)]);
    expect(other?.subarray(0, size)).toEqual(values.subarray(size));
    expect(other?.subarray(size, 2 * size)).toEqual(values.subarray(0, size));
    expect(values.subarray(size)).not.toEqual(values.subarray(0, size));
  }
  store.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('keeps the first features that fit, and recomputes the others to the same numbers', async () => {
  const store = newStore(1.5 * bytes);
  const reads: number[] = [];
  const batch = [seen(first), seen(second)];
  const before = await load(store, batch, reads);
  const after = await load(store, batch, reads);
  expect(reads).toEqual([0, 1, 1]);
  expect(after).toEqual(before);
  store.dispose();
});
