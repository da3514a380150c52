import { useBackend } from '@dn-detr/runtime';
import {
  expectClose,
  expectDerivative,
  expectNoLeak,
  expectSameOp,
  kernelsOf,
  spread,
} from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { boxSineEmbedding, learnedPositions, sinePositions } from './position.ts';

beforeAll(() => useBackend('cpu'));

/** Interleaved sines and cosines, stacked as in the reference implementations. */
function interleaved(coordinate: tf.Tensor, features: number, temperature: number): tf.Tensor {
  const pairs = Array.from({ length: features / 2 }, (_, i) => temperature ** ((2 * i) / features));
  const angles = tf.div(tf.expandDims(coordinate, -1), tf.tensor1d(pairs));
  return tf.reshape(tf.stack([tf.sin(angles), tf.cos(angles)], -1), [...coordinate.shape, features]);
}

describe('sinePositions', () => {
  it('counts rows and columns from 1, up to 2π', () => {
    const [y, x] = [3, 2];
    const positions = sinePositions([1, 5, 4], { width: 8, temperatureH: 20, temperatureW: 50 });
    const row = tf.slice(positions, [(y - 1) * 4 + (x - 1), 0], [1, 8]);
    const angle = (count: number, of: number) => tf.tensor1d([(2 * Math.PI * count) / (of + 1e-6)]);
    expectClose(row, tf.concat([interleaved(angle(y, 5), 4, 20), interleaved(angle(x, 4), 4, 50)], 1), 1e-6);
  });

  it('is not changed by a mask that hides nothing, for every image', () => {
    for (const normalize of [true, false]) {
      const options = { width: 8, normalize };
      const masked = sinePositions([2, 3, 4], options, tf.zeros([2, 3, 4]));
      expect(masked.shape).toEqual([24, 8]);
      expectClose(sinePositions([2, 3, 4], options), masked, 1e-6);
    }
  });

  it('gives a padded image the same positions as the image without padding', () => {
    const mask = tf.pad(
      tf.zeros<tf.Rank.R3>([1, 3, 4]),
      [
        [0, 0],
        [0, 2],
        [0, 1],
      ],
      1,
    );
    const padded = tf.reshape(sinePositions([1, 5, 5], { width: 8 }, mask), [5, 5, 8]);
    const alone = tf.reshape(sinePositions([1, 3, 4], { width: 8 }), [3, 4, 8]);
    expectClose(tf.slice(padded, [0, 0, 0], [3, 4, 8]), alone, 1e-6);
  });

  it('stays finite where everything is padding', () => {
    const positions = sinePositions([1, 2, 2], { width: 4 }, tf.ones([1, 2, 2]));
    expect([...positions.dataSync()].every(Number.isFinite)).toBe(true);
  });

  it('leaves no tensor behind but its result', () => {
    const before = tf.memory().numTensors;
    tf.dispose(tf.tidy(() => sinePositions([2, 3, 4], { width: 8 }, tf.zeros([2, 3, 4]))));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('rejects a width that does not give pairs of sines and cosines', () => {
    expect(() => sinePositions([1, 2, 2], { width: 6 })).toThrow('come in pairs, got 3 for a coordinate');
  });
});

describe.each([2, 4])('boxSineEmbedding of %d coordinates', (coordinates) => {
  const ours = (boxes?: tf.Tensor) => boxSineEmbedding(boxes as tf.Tensor2D, 6);
  const inputs = () => [tf.add(0.5, tf.mul(0.5, spread([5, coordinates])))];

  it('has the value and gradient of the reference formula: y, x, w, h', () => {
    const plain = (boxes?: tf.Tensor) => {
      const columns = tf.unstack(tf.mul(boxes as tf.Tensor, 2 * Math.PI), 1);
      const order = [1, 0, 2, 3].slice(0, coordinates);
      return tf.concat(
        order.map((column) => interleaved(columns[column] as tf.Tensor, 6, 10000)),
        1,
      );
    };
    expectSameOp(ours, plain, inputs());
  });

  it('has a gradient that agrees with finite differences', () => {
    expectDerivative(ours, inputs(), 1e-3);
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(ours, inputs());
  });

  it('runs six kernels', async () => {
    const kernels = (await kernelsOf(ours, inputs())).filter((name) => name !== 'Reshape');
    expect(kernels).toEqual(['BatchMatMul', 'Add', 'Sin', 'Cos', 'Multiply', 'BatchMatMul']);
  });
});

describe('boxSineEmbedding', () => {
  it('rejects boxes with a number of coordinates other than 2 or 4', () => {
    expect(() => boxSineEmbedding(tf.zeros([5, 3]), 4)).toThrow('boxes [N, 4] or centres [N, 2], got [5,3]');
  });
});

describe('learnedPositions', () => {
  const learned = learnedPositions('backbone.1', { width: 10, group: 'rest' });
  const named = (rows: tf.Tensor, columns: tf.Tensor) => ({
    'backbone.1.row_embed.weight': rows,
    'backbone.1.col_embed.weight': columns,
  });
  const ours = (rows?: tf.Tensor, columns?: tf.Tensor) =>
    learned.apply(named(rows as tf.Tensor, columns as tf.Tensor), [2, 3, 4]);
  const inputs = () => [spread([50, 5]), spread([50, 5], 1)];

  it('has the value and gradients of the reference formula: x before y', () => {
    const plain = (rows?: tf.Tensor, columns?: tf.Tensor) => {
      const positions = Array.from({ length: 3 * 4 }, (_, i) => [i % 4, Math.floor(i / 4)] as const);
      const looked = (table: tf.Tensor | undefined, indices: number[]) =>
        tf.gather(table as tf.Tensor, tf.tensor1d(indices, 'int32'));
      const [x, y] = [
        looked(
          columns,
          positions.map(([x]) => x),
        ),
        looked(
          rows,
          positions.map(([, y]) => y),
        ),
      ];
      const map = tf.concat([x, y], 1);
      return tf.concat([map, map], 0);
    };
    expectSameOp(ours, plain, inputs());
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(ours, inputs());
  });

  it('starts from a uniform distribution over 0..1, as in detr', () => {
    expect(learned.parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ['backbone.1.row_embed.weight', [50, 5]],
      ['backbone.1.col_embed.weight', [50, 5]],
    ]);
    for (const { shape, init } of learned.parameters) {
      const table = init(shape, 1);
      const bounds = [tf.min(table), tf.max(table)].map((x) => x.dataSync()[0] as number);
      expect(bounds.map(Math.round)).toEqual([0, 1]);
      expect(bounds.every((bound) => bound >= 0 && bound <= 1)).toBe(true);
    }
  });

  it('rejects a map that is too large', () => {
    const [rows, columns] = inputs() as [tf.Tensor2D, tf.Tensor2D];
    expect(() => learned.apply(named(rows, columns), [1, 51, 4])).toThrow('51 x 4 features is larger than 50');
  });
});
