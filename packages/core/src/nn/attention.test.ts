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
import { attend, multiHeadAttention, scaledDotProduct } from './attention.ts';
import { attentionMask } from './attention-mask.ts';
import type { NamedTensors } from './named.ts';

beforeAll(() => useBackend('cpu'));

const shape = { batch: 2, heads: 2 };
const [queries, keys, width] = [3, 5, 4];

/** Textbook attention, head by head and image by image. */
function plainAttend(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor {
  const pieces = (x: tf.Tensor) => tf.split(x, shape.batch, 0).map((image) => tf.split(image, shape.heads, 1));
  const [qs, ks, vs] = [pieces(q), pieces(k), pieces(v)];
  const images = qs.map((heads, b) =>
    tf.concat(
      heads.map((head, h) => {
        const scores = tf.matMul(head, tf.transpose(ks[b]?.[h] as tf.Tensor));
        return tf.matMul(tf.softmax(tf.div(scores, Math.sqrt(head.shape[1] as number))), vs[b]?.[h] as tf.Tensor);
      }),
      1,
    ),
  );
  return tf.concat(images, 0);
}

const attention = multiHeadAttention('a', { width, heads: shape.heads, group: 'rest' });
const pass = { batch: shape.batch };
const named = (values: (tf.Tensor | undefined)[]): NamedTensors =>
  Object.fromEntries(attention.parameters.map(({ name }, i) => [name, values[i] as tf.Tensor]));

function plainAttention(inputs: tf.Tensor[], [weight, bias, out, outBias]: tf.Tensor[]): tf.Tensor {
  const weights = tf.split(weight as tf.Tensor, 3);
  const biases = tf.split(bias as tf.Tensor, 3);
  const projected = inputs.map((x, i) =>
    tf.add(tf.matMul(x, weights[i] as tf.Tensor, false, true), biases[i] as tf.Tensor),
  );
  const attended = plainAttend(...(projected as [tf.Tensor, tf.Tensor, tf.Tensor]));
  return tf.add(tf.matMul(attended, out as tf.Tensor, false, true), outBias as tf.Tensor);
}

const parameterTensors = () => [
  spread([3 * width, width], 10),
  spread([3 * width], 11),
  spread([width, width], 12),
  spread([width], 13),
];

const self: Op = (qk, v, ...p) => {
  const [query, value] = [qk as tf.Tensor2D, v as tf.Tensor2D];
  return attention.apply(named(p), { query, key: query, value, pass });
};
const cross: Op = (q, k, v, ...p) =>
  attention.apply(named(p), { query: q as tf.Tensor2D, key: k as tf.Tensor2D, value: v as tf.Tensor2D, pass });
const tokens = (count: number, seed: number) => spread([shape.batch * count, width], seed);
const selfInputs = () => [tokens(queries, 1), tokens(queries, 2), ...parameterTensors()];
const crossInputs = () => [tokens(queries, 1), tokens(keys, 2), tokens(keys, 3), ...parameterTensors()];

describe('multiHeadAttention', () => {
  it('is textbook attention when query and key are one tensor', () => {
    expectSameOp(self, (qk, v, ...p) => plainAttention([qk, qk, v] as tf.Tensor[], p), selfInputs());
    expectDerivative(self, selfInputs());
  });

  it('is textbook attention when all three differ', () => {
    expectSameOp(cross, (q, k, v, ...p) => plainAttention([q, k, v] as tf.Tensor[], p), crossInputs());
    expectDerivative(cross, crossInputs());
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(self, selfInputs());
    expectNoLeak(cross, crossInputs());
  });

  it('shares a product and never slices', async () => {
    const selfKernels = await kernelsOf(self, selfInputs());
    const crossKernels = await kernelsOf(cross, crossInputs());
    const products = (names: string[]) => names.filter((name) => name === 'BatchMatMul').length;
    // Each projection takes four products (one forward, three for gradients), and the heads take six.
    expect(products(selfKernels)).toBe(3 * 4 + 6);
    expect(products(crossKernels)).toBe(4 * 4 + 6);
    for (const names of [selfKernels, crossKernels]) {
      expect(names.filter((name) => ['Slice', 'PadV2', 'Cast', 'Tile'].includes(name))).toEqual([]);
    }
    expect(selfKernels).toHaveLength(58);
    expect(crossKernels).toHaveLength(69);
  });

  it('rejects heads and batches that do not fit', () => {
    const [qk, v, ...p] = selfInputs() as [tf.Tensor2D, tf.Tensor2D, ...tf.Tensor[]];
    const inputs = { query: qk, key: qk, value: v };
    expect(() => attention.apply(named(p), { ...inputs, pass: { batch: 4 } })).toThrow('batch 4');
    const threeHeads = multiHeadAttention('a', { width, heads: 3, group: 'rest' });
    expect(() => threeHeads.apply(named(p), { ...inputs, pass })).toThrow('3 heads');
  });
});

describe('attend', () => {
  it('accepts queries and keys wider than values', () => {
    const inputs = [spread([6, 8], 1), spread([10, 8], 2), spread([10, 4], 3)];
    const ours: Op = (q, k, v) => attend(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, shape);
    expectSameOp(ours, (q, k, v) => plainAttend(q as tf.Tensor, k as tf.Tensor, v as tf.Tensor), inputs);
  });
});

describe('scaledDotProduct', () => {
  it('stays finite for scores far apart', () => {
    const q = tf.mul(spread([1, 3, 4], 1), 1000) as tf.Tensor3D;
    const y = scaledDotProduct(q, q, spread([1, 3, 2], 2) as tf.Tensor3D, { batch: 1, heads: 1 });
    expect(y.dataSync().every(Number.isFinite)).toBe(true);
  });
});

describe('attention with a mask', () => {
  const blocked = () =>
    tf.tensor2d(
      [
        [0, 1, 0, 0, 1],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 1, 1],
      ],
      [queries, keys],
    );
  // The first image's last key is padding, and so are all keys of the second one.
  const keyPadding = () =>
    tf.tensor2d(
      [
        [0, 0, 0, 0, 1],
        [1, 1, 1, 1, 1],
      ],
      [shape.batch, keys],
    );
  const inputs = () => [tokens(queries, 1), tokens(keys, 2), tokens(keys, 3)];
  const masked =
    (mask: ReturnType<typeof attentionMask>): Op =>
    (q, k, v) =>
      attend(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, { ...shape, mask });

  it('ignores blocked keys and padding', () => {
    const mask = attentionMask({ blocked: blocked(), keyPadding: keyPadding() }, shape.batch);
    const y = masked(mask)(...inputs());
    // The first query of the first image sees keys 0, 2 and 3.
    const [q, k, v] = inputs() as [tf.Tensor, tf.Tensor, tf.Tensor];
    const seen = [k, v].map((x) => tf.gather(x, [0, 2, 3]));
    const [plainK, plainV] = seen.map((x) => tf.concat([x, x], 0)) as [tf.Tensor, tf.Tensor];
    const alone = plainAttend(tf.concat([tf.slice(q, 0, 1), tf.slice(q, 0, 1)], 0), plainK, plainV);
    expectClose(tf.slice(y, 0, 1), tf.slice(alone, 0, 1), 1e-6);
    expectDerivative(masked(mask), inputs());
    const given = inputs();
    expectNoLeak(masked(mask), given);
  });

  it('accepts booleans, and rejects the padding of another batch', () => {
    const [q, k, v] = inputs() as [tf.Tensor, tf.Tensor, tf.Tensor];
    const asBool = attentionMask({ blocked: tf.cast(blocked(), 'bool'), keyPadding: tf.cast(keyPadding(), 'bool') }, 2);
    const asNumbers = attentionMask({ blocked: blocked(), keyPadding: keyPadding() }, 2);
    expectClose(masked(asBool)(q, k, v), masked(asNumbers)(q, k, v), 0);
    expect(() => attentionMask({ keyPadding: tf.zeros([keys, shape.batch]) }, shape.batch)).toThrow(
      'keyPadding is [5,2], expected [2, keys]',
    );
  });

  it('gives zeros and no gradient to a query that sees nothing', () => {
    const mask = attentionMask({ blocked: blocked(), keyPadding: keyPadding() }, shape.batch);
    const [y, ...grads] = valueAndGrads(masked(mask), inputs());
    // The third query of the first image, and all queries of the second one.
    expectClose(tf.slice(y as tf.Tensor, 2, 4), tf.zeros([4, width]), 0);
    expectClose(tf.slice(grads[0] as tf.Tensor, 2, 4), tf.zeros([4, width]), 0);
    for (const grad of grads.slice(1)) expectClose(tf.slice(grad, keys, keys), tf.zeros([keys, width]), 0);
  });

  it('does not change by a single bit with hidden keys', () => {
    const mask = attentionMask(
      {
        keyPadding: tf.tensor2d([
          [0, 0, 0, 1, 1],
          [0, 1, 0, 0, 0],
        ]),
      },
      shape.batch,
    );
    const [q, k, v] = inputs() as [tf.Tensor, tf.Tensor, tf.Tensor];
    const hidden = tf.tensor2d([0, 0, 0, 1, 1, 0, 1, 0, 0, 0], [shape.batch * keys, 1]);
    const disturb = (x: tf.Tensor, by: number) => tf.add(x, tf.mul(hidden, by));
    const before = masked(mask)(q, k, v).dataSync();
    expect(masked(mask)(q, disturb(k, 1e3), disturb(v, -1e6)).dataSync()).toEqual(before);
  });

  it('accepts a separate mask for every head', () => {
    const perHead = tf.stack([blocked(), tf.zerosLike(blocked()), tf.zerosLike(blocked()), blocked()]);
    const y = masked(attentionMask({ blocked: perHead }, shape.batch))(...inputs());
    const all = masked(undefined)(...inputs());
    const some = masked(attentionMask({ blocked: blocked() }, shape.batch))(...inputs());
    const heads = (x: tf.Tensor, image: number, head: number) => tf.slice(x, [image * queries, head * 2], [queries, 2]);
    expectClose(heads(y, 0, 0), heads(some, 0, 0), 0);
    expectClose(heads(y, 0, 1), heads(all, 0, 1), 0);
    expectClose(heads(y, 1, 0), heads(all, 1, 0), 0);
    expectClose(heads(y, 1, 1), heads(some, 1, 1), 0);
  });

  it('shows its weights', () => {
    let weights: tf.Tensor | undefined;
    const mask = attentionMask(
      {
        keyPadding: tf.tensor2d([
          [0, 0, 0, 1, 1],
          [0, 1, 0, 0, 0],
        ]),
      },
      shape.batch,
    );
    const [q, k, v] = inputs() as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    attend(q, k, v, {
      ...shape,
      mask,
      observe: (seen) => {
        weights = seen;
      },
    });
    expect(weights?.shape).toEqual([shape.batch, shape.heads, queries, keys]);
    expectClose(tf.sum(weights as tf.Tensor, 3), tf.ones([shape.batch, shape.heads, queries]), 1e-6);
    expect(tf.max(tf.slice(weights as tf.Tensor, [0, 0, 0, 3], [1, 2, queries, 2])).dataSync()[0]).toBe(0);
  });

  it('drops weights, with the matching gradient', () => {
    const keep = tf.tensor3d(
      Float32Array.from({ length: 4 * queries * keys }, (_, i) => (i % 3 === 0 ? 0 : 1.5)),
      [4, queries, keys],
    );
    const dropped: Op = (q, k, v) =>
      attend(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, { ...shape, dropout: () => keep });
    expectDerivative(dropped, inputs());
    const masked: Op = (q, k, v) =>
      attend(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, {
        ...shape,
        dropout: () => keep,
        mask: attentionMask({ blocked: blocked(), keyPadding: keyPadding() }, shape.batch),
      });
    expectDerivative(masked, inputs());
  });
});
