import { cxcywhToXyxy } from '@dn-detr/boxes';
import { describe, expect, it } from 'vitest';
import { contrastiveBoxes } from './contrastive.ts';
import { flipLabels, jitterBoxes } from './noise.ts';
import { recordedNoise, seededNoise } from './random.ts';

const count = 50_000;

/** Four standard deviations of a rate measured over `count` draws, which fails by chance for one in 16 000 seeds. */
const interval = (rate: number) => 4 * Math.sqrt((rate * (1 - rate)) / count);

const repeated = (...box: number[]) => Float32Array.from({ length: 4 * count }, (_, i) => box[i % 4] as number);

/** Mean and range of component `i` of each box, as multiples of `scale` counted from `from`. */
function spread(boxes: Float32Array, i: number, from: number, scale: number) {
  const values = Array.from({ length: count }, (_, n) => ((boxes[4 * n + i] as number) - from) / scale);
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / count,
    least: values.reduce((a, b) => Math.min(a, b)),
    most: values.reduce((a, b) => Math.max(a, b)),
  };
}

describe('flipLabels', () => {
  const numClasses = 5;
  const labels = Int32Array.from({ length: count }, (_, n) => n % numClasses);
  const rateOf = (noised: Int32Array) => noised.filter((label, n) => label !== labels[n]).length / count;

  it('changes labels at a rate of γ (1 − 1/K), because the true class may be drawn again', () => {
    const noised = flipLabels(labels, { labelNoise: 0.5, numClasses, excludeOwnClass: false }, seededNoise(1));
    expect(Math.abs(rateOf(noised) - 0.4)).toBeLessThan(interval(0.4));
  });

  it('changes labels at a rate of γ if the own class is excluded', () => {
    const noised = flipLabels(labels, { labelNoise: 0.5, numClasses, excludeOwnClass: true }, seededNoise(1));
    expect(Math.abs(rateOf(noised) - 0.5)).toBeLessThan(interval(0.5));
  });

  it.each([false, true])(
    'draws all (other) classes with equal probability, own class excluded: %s',
    (excludeOwnClass) => {
      const noised = flipLabels(labels, { labelNoise: 1, numClasses, excludeOwnClass }, seededNoise(2));
      for (let shift = excludeOwnClass ? 1 : 0; shift < numClasses; shift++) {
        const rate = noised.filter((label, n) => (label - (labels[n] as number) + 5) % 5 === shift).length / count;
        const expected = 1 / (excludeOwnClass ? numClasses - 1 : numClasses);
        expect(Math.abs(rate - expected)).toBeLessThan(interval(expected));
      }
    },
  );

  it('draws new labels only for the flipped ones, in order', () => {
    const noise = recordedNoise([
      [0.1, 0.5, 0.49],
      [4, 3],
    ]);
    const noised = flipLabels(Int32Array.of(0, 1, 2), { labelNoise: 0.5, numClasses, excludeOwnClass: false }, noise);
    expect(noised).toEqual(Int32Array.of(4, 1, 3));
    expect(noise.remaining).toBe(0);
  });

  it('keeps labels if there is no other class to draw', () => {
    const alone = { labelNoise: 1, numClasses: 1, excludeOwnClass: true };
    expect(flipLabels(Int32Array.of(0, 0), alone, recordedNoise([]))).toEqual(Int32Array.of(0, 0));
  });

  it('copies the labels and draws nothing without noise', () => {
    const noised = flipLabels(labels, { labelNoise: 0, numClasses, excludeOwnClass: false }, recordedNoise([]));
    expect(noised).toEqual(labels);
    expect(noised).not.toBe(labels);
  });
});

describe('jitterBoxes', () => {
  it('shifts centres and scales sides uniformly within λ1 and λ2', () => {
    const boxes = repeated(0.5, 0.5, 0.25, 0.125);
    const noised = jitterBoxes(boxes, { centerNoise: 0.8, sizeNoise: 0.4 }, seededNoise(3));
    const limits = [
      [0.5, 0.8 * 0.125],
      [0.5, 0.8 * 0.0625],
      [0.25, 0.4 * 0.25],
      [0.125, 0.4 * 0.125],
    ] as const;
    for (const [i, [from, scale]] of limits.entries()) {
      const { mean, least, most } = spread(noised, i, from, scale);
      // A uniform number in −1..1 has a standard deviation of 1/√3.
      expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(3 * count));
      expect(least).toBeGreaterThanOrEqual(-1.000001);
      expect(least).toBeLessThan(-0.999);
      expect(most).toBeLessThanOrEqual(1.000001);
      expect(most).toBeGreaterThan(0.999);
    }
    expect(boxes).toEqual(repeated(0.5, 0.5, 0.25, 0.125));
  });

  it('keeps centres inside their boxes for noise below 1', () => {
    const noised = jitterBoxes(repeated(0.3, 0.4, 0.2, 0.6), { centerNoise: 0.999, sizeNoise: 1 }, seededNoise(4));
    const inside = (i: number, low: number, high: number) =>
      noised.every((value, at) => at % 4 !== i || (value > low && value < high));
    expect([inside(0, 0.2, 0.4), inside(1, 0.1, 0.7)]).toEqual([true, true]);
  });

  it('clamps the four numbers, not the corners', () => {
    const noised = jitterBoxes(
      Float32Array.of(0.95, 0.05, 0.1, 0.1, 0.5, 0.5, 1, 1),
      { centerNoise: 2, sizeNoise: 2 },
      recordedNoise([[1 - 2 ** -24, 0, 0.75, 0, 0.5, 0.5, 1 - 2 ** -24, 0.25]]),
    );
    expect(noised).toEqual(Float32Array.of(1, 0, 0.2, 0, 0.5, 0.5, 1, 0));
  });

  it('draws for both if only one of the two has noise', () => {
    const noise = recordedNoise([[0, 0, 0, 0]]);
    const noised = jitterBoxes(Float32Array.of(0.5, 0.5, 0.5, 0.5), { centerNoise: 0, sizeNoise: 0.5 }, noise);
    expect(noised).toEqual(Float32Array.of(0.5, 0.5, 0.25, 0.25));
  });

  it('copies the boxes and draws nothing without noise', () => {
    const boxes = Float32Array.of(0.5, 0.5, 0.5, 0.5);
    const noised = jitterBoxes(boxes, { centerNoise: 0, sizeNoise: 0 }, recordedNoise([]));
    expect(noised).toEqual(boxes);
    expect(noised).not.toBe(boxes);
  });
});

describe('contrastiveBoxes', () => {
  it('moves corners of positives within the radius, and of negatives by once to twice the radius', () => {
    const boxes = repeated(0.5, 0.5, 0.25, 0.125);
    const negative = Uint8Array.from({ length: count }, (_, n) => n % 2);
    const corners = cxcywhToXyxy(contrastiveBoxes(boxes, negative, 0.8, seededNoise(5)));
    const clean = cxcywhToXyxy(Float32Array.of(0.5, 0.5, 0.25, 0.125));
    for (const kind of [0, 1]) {
      for (let i = 0; i < 4; i++) {
        const radius = 0.8 * (i % 2 === 0 ? 0.125 : 0.0625);
        const moves = Array.from(negative, (isNegative, n) => ({ isNegative, at: 4 * n + i }))
          .filter(({ isNegative }) => isNegative === kind)
          .map(({ at }) => ((corners[at] as number) - (clean[i] as number)) / radius);
        const distances = moves.map(Math.abs);
        const mean = distances.reduce((sum, value) => sum + value, 0) / distances.length;
        expect(Math.min(...distances)).toBeGreaterThan(kind - 1e-5);
        expect(Math.max(...distances)).toBeLessThan(kind + 1 + 1e-5);
        expect(Math.abs(mean - (kind + 0.5))).toBeLessThan(4 / Math.sqrt(12 * distances.length));
        const outwards = moves.filter((move) => move > 0).length / moves.length;
        expect(Math.abs(outwards - 0.5)).toBeLessThan(Math.SQRT2 * interval(0.5));
      }
    }
  });

  it('clamps corners to the image, and does not reorder crossed corners', () => {
    const noised = contrastiveBoxes(
      Float32Array.of(0.25, 0.5, 0.5, 0.5),
      Uint8Array.of(1),
      1,
      recordedNoise([
        [0, 1, 1, 0],
        [0.5, 0.5, 0.5, 0.5],
      ]),
    );
    // Corners 0, 0.25, 0.5, 0.75 move by 1.5 times 0.25: to −0.375 (clamped to 0), 0.625, 0.875 and 0.375.
    expect(noised).toEqual(Float32Array.of(0.4375, 0.5, 0.875, -0.25));
  });

  it('copies the boxes and draws nothing without noise', () => {
    const boxes = Float32Array.of(0.5, 0.5, 0.5, 0.5);
    expect(contrastiveBoxes(boxes, Uint8Array.of(1), 0, recordedNoise([]))).toEqual(boxes);
  });
});
