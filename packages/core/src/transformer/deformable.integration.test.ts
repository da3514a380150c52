/** Tests how padding and the order of levels affect an encoder and a decoder over several levels. */
import { useBackend } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LevelSize } from '../nn/deformable-sampling.ts';
import { initialParameters } from '../nn/init.ts';
import { mlp } from '../nn/mlp.ts';
import type { NamedTensors } from '../nn/named.ts';
import { deformableDecoder } from './deformable-decoder.ts';
import { type DeformableLayerOptions, deformableEncoder } from './deformable-encoder.ts';
import { type LevelTokens, validSize } from './levels.ts';

beforeAll(() => useBackend('cpu'));

const width = 8;
const options: DeformableLayerOptions = {
  ...{ width, heads: 2, feedForward: 12, activation: 'relu', preNorm: false },
  ...{ levels: 2, points: 2 },
};
const encoder = deformableEncoder('e', { ...options, layers: 2 });
const boxHeads = [0, 1].map((i) => mlp(`d.bbox_embed.${i}`, { widths: [width, width, 4], group: 'rest' }));
const decoder = deformableDecoder('d', { ...options, layers: 2, refines: true, boxHeads, epsilon: 1e-5 });

/** Random parameters: those that training starts from sample the same locations whatever the input is. */
const tensorsOf = (): NamedTensors => {
  const parameters = [...encoder.parameters, ...decoder.parameters];
  const start = initialParameters(parameters, 1);
  return Object.fromEntries(
    parameters.map(({ name, shape }, i) => {
      const isDrawnAnew = /sampling_offsets|attention_weights/.test(name);
      return [name, isDrawnAnew ? tf.mul(spread([...shape], i), 0.7) : (start[name] as tf.Tensor)];
    }),
  );
};

interface Level {
  /** Features `[1, h, w, d]`. */
  readonly features: tf.Tensor4D;
  readonly positions: tf.Tensor4D;
}

const levelOf = ({ height, width: columns }: LevelSize, seed: number): Level => ({
  features: spread([1, height, columns, width], seed) as tf.Tensor4D,
  positions: spread([1, height, columns, width], seed + 50) as tf.Tensor4D,
});

/** One image that is padded at the bottom and on the right, with values other than zero. */
function padded(levels: readonly Level[], extra: readonly LevelSize[]): LevelTokens {
  const masks: tf.Tensor3D[] = [];
  const grown = levels.map(({ features, positions }, i) => {
    const [, height, columns] = features.shape;
    const { height: below, width: right } = extra[i] as LevelSize;
    const pads: [number, number][] = [
      [0, 0],
      [0, below],
      [0, right],
      [0, 0],
    ];
    masks.push(tf.pad(tf.zeros<tf.Rank.R3>([1, height, columns]), pads.slice(0, 3) as [number, number][], 1));
    return { features: tf.pad(features, pads, 7), positions: tf.pad(positions, pads, -3) };
  });
  return {
    ...tokensOf(grown),
    padding: tf.concat(
      masks.map((mask) => tf.reshape<tf.Rank.R2>(mask, [1, -1])),
      1,
    ) as tf.Tensor2D,
    validSizes: tf.stack(masks.map(validSize), 1) as tf.Tensor3D,
  };
}

function tokensOf(levels: readonly Level[]): LevelTokens {
  const rows = (x: tf.Tensor4D): tf.Tensor2D => tf.reshape<tf.Rank.R2>(x, [-1, width]);
  return {
    features: tf.concat(levels.map(({ features }) => rows(features))),
    positions: tf.concat(levels.map(({ positions }) => rows(positions))),
    sizes: levels.map(({ features: { shape } }) => ({ height: shape[1], width: shape[2] })),
  };
}

const pass = { batch: 1 };
const encode = (tensors: NamedTensors, tokens: LevelTokens): LevelTokens => ({
  ...tokens,
  features: encoder.apply(tensors, { tokens, pass }),
});
const decode = (tensors: NamedTensors, memory: LevelTokens, references: tf.Tensor2D) =>
  decoder.apply(tensors, {
    content: spread([3, width], 20) as tf.Tensor2D,
    references,
    positions: () => spread([3, width], 21) as tf.Tensor2D,
    memory,
    pass,
  });

const side = fc.integer({ min: 1, max: 4 });
const size = fc.record({ height: side, width: side });
const extra = fc.record({ height: fc.integer({ min: 0, max: 2 }), width: fc.integer({ min: 0, max: 2 }) });

describe('encoder and decoder over several levels', () => {
  it.each([2, 4])(
    'see the same in an image, however it is padded, from references of %i coordinates',
    (coordinates) => {
      const references = tf.sigmoid(tf.mul(spread([3, coordinates], 9), 2)) as tf.Tensor2D;
      fc.assert(
        fc.property(fc.tuple(size, size), fc.tuple(extra, extra), (sizes, extras) => {
          tf.tidy(() => {
            const tensors = tensorsOf();
            const levels = sizes.map((size, i) => levelOf(size, i));
            const alone = encode(tensors, tokensOf(levels));
            const within = encode(tensors, padded(levels, extras));
            const seen = [...(within.padding as tf.Tensor2D).dataSync()];
            const rows = seen.flatMap((isPadded, row) => (isPadded === 0 ? [row] : []));
            expectClose(tf.gather(within.features, tf.tensor1d(rows, 'int32')), alone.features, 1e-5);
            const [expected, found] = [alone, within].map((memory) => decode(tensors, memory, references));
            expectClose(found?.boxes as tf.Tensor, expected?.boxes as tf.Tensor, 1e-5);
          });
        }),
        { numRuns: 25 },
      );
    },
  );

  it('do not change by a single bit with the content of the padding', () => {
    const tensors = tensorsOf();
    const levels = [levelOf({ height: 3, width: 4 }, 1), levelOf({ height: 2, width: 2 }, 2)];
    const memory = padded(levels, [
      { height: 1, width: 2 },
      { height: 1, width: 1 },
    ]);
    const noise = tf.mul(tf.reshape(memory.padding as tf.Tensor2D, [-1, 1]), 100);
    const disturbed = { ...memory, features: tf.add<tf.Tensor2D>(memory.features, noise) };
    const references = tf.tensor2d([0.2, 0.3, 0.6, 0.7, 0.9, 0.9], [3, 2]);
    const boxes = [memory, disturbed].map((tokens) => decode(tensors, encode(tensors, tokens), references).boxes);
    expect(boxes[1]?.dataSync()).toEqual(boxes[0]?.dataSync());
  });

  it('distinguish levels: in another order they are a different image', () => {
    const tensors = tensorsOf();
    const levels = [levelOf({ height: 2, width: 2 }, 1), levelOf({ height: 2, width: 2 }, 2)];
    const [first, second] = [levels, levels.toReversed()].map((order) => encode(tensors, tokensOf(order)).features);
    const swapped = tf.concat([tf.slice(second as tf.Tensor2D, 4), tf.slice(second as tf.Tensor2D, 0, 4)]);
    const difference = tf.max(tf.abs(tf.sub(swapped, first as tf.Tensor2D))).dataSync()[0];
    expect(difference).toBeGreaterThan(1e-3);
  });

  it('leave no tensor behind', () => {
    const tensors = tensorsOf();
    const levels = [levelOf({ height: 3, width: 4 }, 1), levelOf({ height: 2, width: 2 }, 2)];
    const references = tf.fill<tf.Rank.R2>([3, 4], 0.5);
    const before = tf.memory().numTensors;
    tf.tidy(() => void decode(tensors, encode(tensors, tokensOf(levels)), references));
    expect(tf.memory().numTensors).toBe(before);
  });
});
