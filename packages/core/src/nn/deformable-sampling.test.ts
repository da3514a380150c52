import { backendNames, useBackend } from '@dn-detr/runtime';
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
import { type LevelSize, sampleDeformably } from './deformable-sampling.ts';

interface Shape {
  readonly batch: number;
  readonly queries: number;
  readonly heads: number;
  readonly points: number;
  readonly width: number;
  readonly levels: readonly LevelSize[];
}

const levels = [
  { height: 4, width: 6 },
  { height: 2, width: 3 },
  { height: 1, width: 1 },
];
const usual: Shape = { batch: 2, queries: 5, heads: 3, points: 2, width: 4, levels };

const opOf =
  ({ levels }: Shape): Op =>
  (value, locations, weights) =>
    sampleDeformably({ value, locations, weights, levels } as never);

/** Values, locations and weights. Some locations are outside, but none is near a pixel's centre, which is a kink. */
function inputsOf({ batch, queries, heads, points, width, levels }: Shape): tf.Tensor[] {
  const pixels = levels.reduce((sum, level) => sum + level.height * level.width, 0);
  const samples = [batch, queries, heads, levels.length, points];
  const locations = spread([...samples, 2], 2).dataSync();
  const away = Array.from(locations, (number, i) => {
    const { height, width } = levels[Math.floor(i / (2 * points)) % levels.length] as LevelSize;
    const size = i % 2 === 0 ? width : height;
    // From -0.3 to 1.3 of the level, then moved away from the centres.
    const at = (0.5 + 0.8 * number) * size - 0.5;
    const along = at - Math.floor(at);
    return (Math.floor(at) + 0.1 + 0.8 * along + 0.5) / size;
  });
  return [spread([batch, pixels, heads, width]), tf.tensor(away, [...samples, 2]), spread(samples, 3)];
}

/** The paper's formula, sample by sample. */
function plainly({ batch, queries, heads, points, width, levels }: Shape, inputs: tf.Tensor[]): tf.Tensor {
  const [value, locations, weights] = inputs.map((input) => input.dataSync()) as [tf.TypedArray, ...tf.TypedArray[]];
  const pixels = levels.reduce((sum, level) => sum + level.height * level.width, 0);
  const out = new Float32Array(batch * queries * heads * width);
  let sample = 0;
  for (let row = 0; row < batch * queries; row++) {
    for (let head = 0; head < heads; head++) {
      let start = Math.floor(row / queries) * pixels;
      for (const level of levels) {
        for (let point = 0; point < points; point++, sample++) {
          const x = (locations?.[2 * sample] as number) * level.width - 0.5;
          const y = (locations?.[2 * sample + 1] as number) * level.height - 0.5;
          for (let i = 0; i < level.height; i++) {
            for (let j = 0; j < level.width; j++) {
              const share = Math.max(0, 1 - Math.abs(x - j)) * Math.max(0, 1 - Math.abs(y - i));
              const pixel = (start + i * level.width + j) * heads + head;
              for (let d = 0; d < width; d++) {
                const to = (row * heads + head) * width + d;
                out[to] =
                  (out[to] as number) + (weights?.[sample] as number) * share * (value[pixel * width + d] as number);
              }
            }
          }
        }
        start += level.height * level.width;
      }
    }
  }
  return tf.tensor(out, [batch, queries, heads * width]);
}

const { tensorflow } = await useBackend();
const backends = backendNames.filter((name) => name !== 'tensorflow' || tensorflow !== undefined);

describe.each(backends)('sampling on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('adds up weighted pixels, with zero for those outside', () => {
    expectClose(opOf(usual)(...inputsOf(usual)), plainly(usual, inputsOf(usual)), 1e-6);
  });

  it('takes the value of a pixel at its centre, and the mean of two pixels between them', () => {
    const level = { height: 1, width: 2 };
    const value = tf.tensor4d([1, 2, 10, 20], [1, 2, 1, 2]);
    const at = (x: number, y: number): number[] => {
      const locations = tf.tensor([x, y], [1, 1, 1, 1, 1, 2]);
      return [...sampleDeformably({ value, levels: [level], locations, weights: tf.ones([1, 1, 1, 1, 1]) }).dataSync()];
    };
    expect(at(0.25, 0.5)).toEqual([1, 2]);
    expect(at(0.75, 0.5)).toEqual([10, 20]);
    expect(at(0.5, 0.5)).toEqual([5.5, 11]);
    expect(at(0, 0.5)).toEqual([0.5, 1]);
    expect(at(-0.25, 0.5)).toEqual([0, 0]);
    expect(at(0.25, 1.5)).toEqual([0, 0]);
    expect(at(1e30, -1e30)).toEqual([0, 0]);
  });

  it('has gradients that agree with finite differences', () => {
    const shape = { ...usual, batch: 1, queries: 3 };
    expectDerivative(opOf(shape), inputsOf(shape), 1e-3, 5e-3);
  });

  it('leaves nothing behind', () => {
    expectNoLeak(opOf(usual), inputsOf(usual));
  });

  it('turns a NaN location into NaN outputs of that query only', () => {
    const shape = { ...usual, levels: levels.slice(0, 1) };
    const [value, locations, weights] = inputsOf(shape) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const numbers = locations.dataSync();
    numbers[0] = Number.NaN;
    const out = opOf(shape)(value, tf.tensor(numbers, locations.shape), weights);
    const broken = [...tf.isNaN(out).dataSync()];
    expect(broken.slice(0, shape.width)).toEqual(Array(shape.width).fill(1));
    expect(broken.slice(shape.width).every((flag) => flag === 0)).toBe(true);
    expect(valueAndGrads(opOf(shape), [value, tf.tensor(numbers, locations.shape), weights])).toHaveLength(4);
  });

  it('accepts an input without queries', () => {
    const shape = { ...usual, queries: 0 };
    const [value, ...grads] = valueAndGrads(opOf(shape), inputsOf(shape));
    expect(value?.shape).toEqual([shape.batch, 0, shape.heads * shape.width]);
    expect(grads.map((grad) => grad.shape)).toEqual(inputsOf(shape).map((input) => input.shape));
    expect(grads.every((grad) => grad.dataSync().every((number) => number === 0))).toBe(true);
  });
});

// Widths that fill vectors of 16, 8 and 4 numbers, and widths with a remainder; few and many queries.
const widths = [1, 3, 4, 8, 16, 20, 32, 45, 64, 80];
describe.skipIf(!tensorflow?.ops.names.length)('the native op', () => {
  beforeAll(() => useBackend('tensorflow'));

  it.each(widths)('agrees with the composed op, for heads of width %i', (width) => {
    const shape = { ...usual, width, queries: 7 + 3 * width, points: 1 + (width % 5) };
    const inputs = inputsOf(shape);
    const native = valueAndGrads(opOf(shape), inputs);
    const kernel = tf.getKernel('DnMultiScaleDeformableAttention', 'tensorflow');
    tf.unregisterKernel(kernel.kernelName, kernel.backendName);
    const composed = valueAndGrads(opOf(shape), inputs);
    tf.registerKernel(kernel);
    native.forEach((tensor, i) => {
      expectClose(tensor, composed[i] as tf.Tensor, 1e-5);
    });
  });
});

it('names shapes that do not fit', () => {
  const [value, locations, weights] = inputsOf(usual) as [tf.Tensor4D, tf.Tensor, tf.Tensor5D];
  expect(() =>
    sampleDeformably({ value, locations, weights, levels: levels.slice(1) }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[Error: deformable sampling: value [2,31,3,4], locations [2,5,3,3,2,2] and weights [2,5,3,3,2] do not fit levels of 2x3, 1x1 pixels: expected [B, 7, H, D], [B, Q, H, 2, P, 2] and [B, Q, H, 2, P]]`,
  );
  const flat = [{ height: 0, width: 3 }];
  expect(() =>
    sampleDeformably({
      value: tf.zeros([1, 0, 1, 4]),
      locations: tf.zeros([1, 1, 1, 1, 1, 2]),
      weights: tf.zeros([1, 1, 1, 1, 1]),
      levels: flat,
    }),
  ).toThrow(/do not fit levels of 0x3 pixels/);
});
