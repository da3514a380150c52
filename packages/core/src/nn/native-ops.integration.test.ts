/** Compares the layers that have native kernels of this toolkit with the ops that they are composed of elsewhere. */
import { capture, useBackend } from '@dn-detr/runtime';
import {
  expectClose,
  expectDerivative,
  expectNoLeak,
  type Op,
  spread,
  valueAndGrads,
} from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AdamWOptions, adamwInit, adamwScalars, adamwStep } from '../optim/adamw.ts';
import { clipFactor, globalNorm } from '../optim/clip.ts';
import { biasPrelu, biasRelu } from './activation.ts';
import { addBias } from './add.ts';
import { attend, multiHeadAttention } from './attention.ts';
import { attentionMask } from './attention-mask.ts';
import { withoutKernels } from './kernel-op.ts';
import { normalizeRows } from './norm.ts';

const { tensorflow } = await useBackend();

const layers = {
  normalizeRows: (x, weight, bias) => normalizeRows(x as tf.Tensor2D, weight as tf.Tensor1D, bias as tf.Tensor1D),
  addBias: (x, bias) => addBias(x as tf.Tensor2D, bias as tf.Tensor1D),
  biasRelu: (rows, bias) => biasRelu({ rows: rows as tf.Tensor2D, bias: bias as tf.Tensor1D }),
  biasPrelu: (rows, bias, slope) =>
    biasPrelu({ rows: rows as tf.Tensor2D, bias: bias as tf.Tensor1D }, slope as tf.Tensor1D),
} satisfies Record<string, Op>;
type Layer = keyof typeof layers;

const inputsOf = (layer: Layer, rows: number, width: number): tf.Tensor[] => [
  spread([rows, width]),
  ...(layer === 'normalizeRows' ? [spread([width], 1)] : []),
  spread([width], 2),
  ...(layer === 'biasPrelu' ? [tf.tensor1d([0.3])] : []),
];

/** Sizes that fill vectors of 16, 8 and 4 numbers and sizes that do not; some need several blocks of rows. */
const shapes = [
  [1, 1],
  [3, 2],
  [5, 4],
  [2, 7],
  [700, 64],
  [37, 100],
  [33, 1024],
  [9, 8],
  [90, 500],
] as const;

interface Attention {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  /** The width of queries and keys in one head; `valueWidth` is that of values. */
  readonly width: number;
  readonly valueWidth: number;
  readonly mask?: 'blocked' | 'padding' | 'both' | 'by head';
}

/** Full and partial panels of queries and keys, in heads of any width. */
const attentions: Attention[] = [
  { batch: 1, heads: 1, queries: 1, keys: 1, width: 1, valueWidth: 1 },
  { batch: 2, heads: 2, queries: 3, keys: 5, width: 4, valueWidth: 3, mask: 'both' },
  { batch: 2, heads: 3, queries: 32, keys: 64, width: 16, valueWidth: 16 },
  { batch: 1, heads: 2, queries: 70, keys: 90, width: 32, valueWidth: 16, mask: 'blocked' },
  { batch: 2, heads: 1, queries: 33, keys: 31, width: 20, valueWidth: 24, mask: 'padding' },
  { batch: 2, heads: 2, queries: 17, keys: 40, width: 7, valueWidth: 33, mask: 'by head' },
  { batch: 1, heads: 4, queries: 64, keys: 300, width: 64, valueWidth: 48 },
];

/** 1 at every third position and 0 elsewhere, except for the first row, which is all 1. */
const bits = (shape: number[]): tf.Tensor => {
  const columns = shape.at(-1) as number;
  const size = tf.util.sizeFromShape(shape);
  return tf.tensor(
    Array.from({ length: size }, (_, i) => Number(i < columns || i % 3 === 1)),
    shape,
  );
};

function maskOf({ batch, heads, queries, keys, mask }: Attention) {
  const blocked = mask === 'by head' ? bits([batch * heads, queries, keys]) : bits([queries, keys]);
  const keyPadding = bits([batch, keys]);
  if (mask === undefined) return undefined;
  if (mask === 'both') return attentionMask({ blocked, keyPadding }, batch);
  return attentionMask(mask === 'padding' ? { keyPadding } : { blocked }, batch);
}

function attentionOf(shape: Attention): { op: Op; inputs: tf.Tensor[] } {
  const { batch, heads, queries, keys, width, valueWidth } = shape;
  const options = { batch, heads, mask: maskOf(shape) };
  return {
    op: (q, k, v) => attend(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, options),
    inputs: [
      tf.mul(spread([batch * queries, heads * width]), 3),
      spread([batch * keys, heads * width], 1),
      spread([batch * keys, heads * valueWidth], 2),
    ],
  };
}

/** Queries and keys side by side. */
function selfAttention(mask?: Attention['mask']): { op: Op; inputs: tf.Tensor[] } {
  const shape: Attention = {
    batch: 2,
    heads: 3,
    queries: 35,
    keys: 35,
    width: 8,
    valueWidth: 8,
    ...(mask && { mask }),
  };
  const layer = multiHeadAttention('a', { width: 24, heads: 3, group: 'rest' });
  return {
    op: (qk, v, ...parameters) => {
      const tensors = Object.fromEntries(layer.parameters.map(({ name }, i) => [name, parameters[i] as tf.Tensor]));
      const query = qk as tf.Tensor2D;
      const input = { query, key: query, value: v as tf.Tensor2D, mask: maskOf(shape), pass: { batch: 2 } };
      return layer.apply(tensors, input);
    },
    inputs: [[70, 24], [70, 24], ...layer.parameters.map(({ shape }) => [...shape])].map((shape, i) =>
      tf.mul(spread(shape, i), 0.5),
    ),
  };
}

function expectComposed(op: Op, inputs: tf.Tensor[], tolerance = 1e-5): void {
  const expected = withoutKernels(() => valueAndGrads(op, inputs));
  valueAndGrads(op, inputs).forEach((tensor, i) => {
    expectClose(tensor, expected[i] as tf.Tensor, tolerance);
  });
}

function expectSameWhenCaptured(op: Op, inputs: tf.Tensor[]): void {
  const captured = capture((given: tf.Tensor[]) => valueAndGrads(op, given));
  const eager = valueAndGrads(op, inputs).map((tensor) => tensor.dataSync());
  for (let call = 0; call < 3; call++) {
    captured(inputs).forEach((tensor, i) => {
      expect(tensor.dataSync()).toEqual(eager[i]);
    });
  }
  expect(captured.stats).toMatchObject({ captures: 1, replays: 2, eager: 0 });
  captured.dispose();
}

describe.skipIf(!tensorflow?.ops.names.length)('the native op', () => {
  beforeAll(() => useBackend('tensorflow'));

  describe.each(Object.keys(layers) as Layer[])('of %s', (layer) => {
    const op: Op = layers[layer];

    it.each(shapes)('agrees with the composed op, for %i rows of %i', (rows, width) => {
      expectComposed(op, inputsOf(layer, rows, width));
    });

    it('has a gradient that agrees with finite differences', () => {
      // Kinks are further away than the step.
      const [x, ...others] = inputsOf(layer, 4, 20) as [tf.Tensor, ...tf.Tensor[]];
      const away = tf.add(x, tf.mul(tf.sign(tf.add(x, others.at(layer === 'biasPrelu' ? 0 : -1) as tf.Tensor)), 0.05));
      expectDerivative(op, [away, ...others]);
    });

    it('leaves no tensor behind, and gives the same bits in a captured graph', () => {
      expectNoLeak(op, inputsOf(layer, 5, 6));
      expectSameWhenCaptured(op, inputsOf(layer, 300, 128));
    });

    it('accepts an input without rows', () => {
      const inputs = inputsOf(layer, 0, 4);
      const [value, ...grads] = valueAndGrads(op, inputs);
      expect(value?.shape).toEqual([0, 4]);
      expect(grads.map(({ shape }) => shape)).toEqual(inputs.map(({ shape }) => shape));
      for (const grad of grads) expect(grad.dataSync().every((number) => number === 0)).toBe(true);
    });
  });

  it('has derivative 0 at 0 for ReLU but not for PReLU, and propagates NaN', () => {
    const rows = tf.tensor2d([[0, -1, 1, Number.NaN, Number.NEGATIVE_INFINITY]]);
    const bias = tf.zeros<tf.Rank.R1>([5]);
    const [y, dx] = valueAndGrads(layers.biasRelu, [rows, bias]).map((tensor) => [...tensor.dataSync()]);
    expect(y).toEqual([0, 0, 1, Number.NaN, 0]);
    expect(dx?.slice(0, 2)).toEqual([0, 0]);
    const [, bent] = valueAndGrads(layers.biasPrelu, [rows, bias, tf.tensor1d([0.25])]) as [tf.Tensor, tf.Tensor];
    // The output's gradient in full.
    expect(bent.dataSync()[0]).toBe(spread([1, 5], 50).dataSync()[0]);
  });

  describe.each(attentions)('of attention of $queries × $keys, width $width and $valueWidth, $mask', (shape) => {
    it('agrees with the composed op', () => {
      const { op, inputs } = attentionOf(shape);
      expectComposed(op, inputs);
    });
  });

  it.each([undefined, 'blocked'] as const)('of self-attention, mask %s, agrees with the composed op', (mask) => {
    const { op, inputs } = selfAttention(mask);
    expectComposed(op, inputs);
  });

  it('of attention has a gradient that agrees with finite differences, and leaves no tensor behind', () => {
    for (const { op, inputs } of [attentionOf(attentions[1] as Attention), selfAttention('blocked')]) {
      expectDerivative(op, inputs, 3e-3);
      expectNoLeak(op, inputs);
    }
  });

  it('of attention gives the same bits in a captured graph', () => {
    expectSameWhenCaptured(selfAttention('blocked').op, selfAttention('blocked').inputs);
    expectSameWhenCaptured(attentionOf(attentions[3] as Attention).op, attentionOf(attentions[3] as Attention).inputs);
  });

  it('of attention gives zeros and no gradient to queries that see nothing, and confines NaN to those that see it', () => {
    const { op, inputs } = attentionOf({ ...(attentions[1] as Attention), mask: 'blocked' });
    const [y, dq] = valueAndGrads(op, inputs) as [tf.Tensor2D, tf.Tensor2D];
    expect(
      tf
        .slice(y, 0, 1)
        .dataSync()
        .every((number) => number === 0),
    ).toBe(true);
    expect(
      tf
        .slice(dq, 0, 1)
        .dataSync()
        .every((number) => number === 0),
    ).toBe(true);
    const [q, k, v] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor];
    const broken = q.dataSync();
    broken[8] = Number.NaN;
    const found = [...tf.isNaN(op(tf.tensor(broken, q.shape), k, v)).dataSync()];
    expect(found.map((flag, i) => (flag ? i : -1)).filter((i) => i >= 0)).toEqual([6, 7, 8]);
  });

  it.each([[[7]], [[1, 40_000]], [[100_003, 65]]])(
    'of AdamW agrees with the composed op, for groups of %j',
    (sizes) => {
      const options: AdamWOptions = {
        groups: sizes.map((_, i) => ({ learningRate: 1e-3 * (i + 1), weightDecay: 0.02 })),
        beta2: 0.99,
      };
      const grads = sizes.map((size, i) => tf.mul(spread([size], 7 + i), 1e-2) as tf.Tensor1D);
      const update = () => {
        let state = adamwInit(sizes.map((size, i) => spread([size], i) as tf.Tensor1D));
        for (let step = 1; step < 4; step++) {
          const { factor, norm } = clipFactor(grads, 0.1);
          state = adamwStep(state, grads, tf.tensor1d(adamwScalars(step, options)), options, factor);
          expectClose(norm, globalNorm(grads), 0);
        }
        return [...state.params, ...state.m, ...state.v, globalNorm(grads)];
      };
      const expected = withoutKernels(update);
      update().forEach((tensor, i) => {
        expectClose(tensor, expected[i] as tf.Tensor, 1e-6);
      });
      const unclipped = () =>
        adamwStep(
          adamwInit(sizes.map((size) => spread([size]) as tf.Tensor1D)),
          grads,
          tf.tensor1d(adamwScalars(1, options)),
          options,
        ).params;
      const plain = withoutKernels(unclipped);
      unclipped().forEach((tensor, i) => {
        expectClose(tensor, plain[i] as tf.Tensor, 1e-6);
      });
    },
  );
});
