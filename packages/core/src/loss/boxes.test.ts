import { elementwiseGiou } from '@dn-detr/boxes';
import { useBackend } from '@dn-detr/runtime';
import {
  expectClose,
  expectDerivative,
  expectNoLeak,
  expectSameOp,
  kernelsOf,
  type Op,
  spread,
  valueAndGrads,
} from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { giouRows, l1Rows } from './boxes.ts';

beforeAll(() => useBackend('cpu'));

const rows = 12;
const weights = () => tf.add(spread([rows], 7), 1.5) as tf.Tensor1D;
/** Boxes cxcywh: far apart, overlapping, and one inside the other. */
const boxes = (seed: number) =>
  tf.add(tf.mul(spread([rows, 4], seed), [0.3, 0.3, 0.15, 0.15]), [0.5, 0.5, 0.3, 0.3]) as tf.Tensor2D;
const targets = () => boxes(2);

const l1: Op = (x) => l1Rows(x as tf.Tensor2D, targets(), weights());
const plainL1: Op = (x) => tf.mul(tf.abs(tf.sub(x as tf.Tensor, targets())), tf.reshape(weights(), [rows, 1]));

const giou =
  (epsilon: number): Op =>
  (x) =>
    giouRows(x as tf.Tensor2D, targets(), weights(), epsilon);

function plainGiou(epsilon: number): Op {
  const corners = (x: tf.Tensor) => {
    const [cx, cy, w, h] = tf.unstack(x, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const [halfW, halfH] = [tf.div(w, 2), tf.div(h, 2)];
    return [tf.sub(cx, halfW), tf.sub(cy, halfH), tf.add(cx, halfW), tf.add(cy, halfH)] as const;
  };
  const area = (x0: tf.Tensor, y0: tf.Tensor, x1: tf.Tensor, y1: tf.Tensor) =>
    tf.mul(tf.relu(tf.sub(x1, x0)), tf.relu(tf.sub(y1, y0)));
  return (x) => {
    const [a, b] = [corners(x as tf.Tensor), corners(targets())];
    const [least, most] = [0, 1, 2, 3].reduce<[tf.Tensor[], tf.Tensor[]]>(
      ([least, most], i) => [
        [...least, tf.minimum(a[i] as tf.Tensor, b[i] as tf.Tensor)],
        [...most, tf.maximum(a[i] as tf.Tensor, b[i] as tf.Tensor)],
      ],
      [[], []],
    ) as [[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]];
    const intersection = area(most[0], most[1], least[2], least[3]);
    const union = tf.sub(tf.add(area(...a), area(...b)), intersection);
    const hull = area(least[0], least[1], most[2], most[3]);
    const value = tf.sub(
      tf.div(intersection, tf.add(union, epsilon)),
      tf.div(tf.sub(hull, union), tf.add(hull, epsilon)),
    );
    return tf.mul(tf.sub(1, value), weights());
  };
}

describe('l1Rows', () => {
  it('has the value and gradient of the formula', () => {
    expectSameOp(l1, plainL1, [boxes(1)]);
    expectDerivative(l1, [boxes(1)], 1e-4);
  });

  it('has gradient 0 where nothing differs', () => {
    const [, grad] = valueAndGrads(l1, [targets()]);
    expectClose(grad as tf.Tensor, tf.zeros([rows, 4]), 0);
  });

  it('runs few kernels and leaves no tensor behind', async () => {
    const [to, scale] = [targets(), weights()];
    const op: Op = (x) => l1Rows(x as tf.Tensor2D, to, scale);
    expectNoLeak(op, [boxes(1)]);
    expect(await kernelsOf(op, [boxes(1)])).toHaveLength(7);
  });
});

describe.each([0, 1e-6, 1e-2])('giouRows with epsilon %s', (epsilon) => {
  it('has the value and gradient of the formula', () => {
    expectSameOp(giou(epsilon), plainGiou(epsilon), [boxes(1)]);
    expectDerivative(giou(epsilon), [boxes(1)], 1e-3);
  });
});

describe('giouRows', () => {
  it('covers boxes that overlap, that do not, and that contain each other', () => {
    const corners = (x: tf.Tensor2D) =>
      Float32Array.from(
        (x.arraySync() as number[][]).flatMap(([x = 0, y = 0, w = 0, h = 0]) => [
          x - w / 2,
          y - h / 2,
          x + w / 2,
          y + h / 2,
        ]),
      );
    const values = elementwiseGiou(corners(boxes(1)), corners(targets()));
    expect(values.some((value) => value < 0) && values.some((value) => value > 0.2)).toBe(true);
  });

  const gradientAt = (box: number[], target: number[]): number[] => {
    const op = (x: tf.Tensor) => giouRows(x as tf.Tensor2D, tf.tensor2d([target]), tf.ones([1]), 0);
    return [
      ...tf
        .grad(op)(tf.tensor2d([box]))
        .dataSync(),
    ];
  };
  const near = (expected: number[]) => expected.map((value) => expect.closeTo(value, 5));

  it('has gradient 0 for identical boxes', () => {
    expect(gradientAt([0.5, 0.5, 0.25, 0.5], [0.5, 0.5, 0.25, 0.5])).toEqual(near([0, 0, 0, 0]));
  });

  it('halves the gradient where one edge of the two boxes coincides', () => {
    // The right edges coincide at 1; beyond it the box extends past the other.
    const slope = (cx: number, w: number) => gradientAt([cx, 0.5, w, 1], [0.5, 0.5, 1, 1])[2] as number;
    const inside = slope(0.75 - 1e-3, 0.5);
    const outside = slope(0.75 + 1e-3, 0.5);
    expect(slope(0.75, 0.5)).toBeCloseTo((inside + outside) / 2, 2);
    expect(Math.abs(inside - outside)).toBeGreaterThan(0.1);
  });

  it('has only the gradient of the enclosing box for boxes that merely touch', () => {
    // U = H = 1, and moving the left one to the right makes H smaller.
    expect(gradientAt([0.25, 0.5, 0.5, 1], [0.75, 0.5, 0.5, 1])[0]).toBeCloseTo(-1, 5);
  });

  it.each([0, 1e-6])('is 0, and so is its gradient, where the weight is 0 (epsilon %s)', (epsilon) => {
    const degenerate = tf.tensor2d(
      [0, 0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0, 0.3, 0.5, 0.5, 0, 0, 0, 0, 0, 0.7],
      [5, 4],
    );
    const target = tf.tensor2d([0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0.5, 0, 0.3, 0.5, 0.5, 0, 0, 0, 0, 0, 0], [5, 4]);
    const op: Op = (x) => giouRows(x as tf.Tensor2D, target, tf.zeros([5]), epsilon);
    const [value, grad] = valueAndGrads(op, [degenerate]);
    expect([...(value as tf.Tensor).dataSync()].every((value) => value === 0)).toBe(true);
    expect([...(grad as tf.Tensor).dataSync()].every((value) => value === 0)).toBe(true);
  });

  it('is 1 for two boxes at the same point without area', () => {
    const point = tf.tensor2d([[0.5, 0.5, 0, 0]]);
    for (const epsilon of [0, 1e-6]) {
      expect(giouRows(point, point, tf.ones([1]), epsilon).dataSync()[0]).toBe(1);
    }
  });

  it('runs few kernels and leaves no tensor behind', async () => {
    const [to, scale] = [targets(), weights()];
    const op: Op = (x) => giouRows(x as tf.Tensor2D, to, scale, 0);
    expectNoLeak(op, [boxes(1)]);
    expect(await kernelsOf(op, [boxes(1)])).toHaveLength(64);
  });
});
