import type { DenseTargets } from '@dn-detr/boxes';
import { useBackend } from '@dn-detr/runtime';
import { expectDerivative, kernelsOf, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { criterion } from './criterion.ts';
import type { Predictions } from './predictions.ts';
import { knownCounts, matchingCounts, mergeTargets, type Parts, targetTensors } from './targets.ts';
import type { LossTerm } from './term.ts';
import { criterionPresets } from './terms.ts';

beforeAll(() => useBackend('cpu'));

const layers = 2;
/** Number of classes; "no object" is one more. */
const classes = 3;

/** Targets of `queries` queries per count of objects; object i of image n goes to query (i + layer + n) % queries. */
function assigned(objectsPerImage: number[], queries: number, layerCount: number, normalizer: number): DenseTargets {
  const count = layerCount * objectsPerImage.length * queries;
  const targets = {
    classes: new Int32Array(count).fill(classes),
    boxes: new Float32Array(4 * count),
    classWeights: new Float32Array(count).fill(1),
    boxWeights: new Float32Array(count),
    normalizer,
  };
  for (let layer = 0; layer < layerCount; layer++) {
    objectsPerImage.forEach((objects, image) => {
      for (let i = 0; i < Math.min(objects, queries); i++) {
        const at = (layer * objectsPerImage.length + image) * queries + ((i + layer + image) % queries);
        targets.classes[at] = (i + image) % classes;
        targets.boxes.set([0.4 + 0.05 * i, 0.5, 0.3, 0.2 + 0.1 * image], 4 * at);
        targets.boxWeights[at] = 1;
      }
    });
  }
  return targets;
}

const matchingTargets = (objectsPerImage: number[], queries: number) =>
  assigned(
    objectsPerImage,
    queries,
    layers,
    Math.max(
      1,
      objectsPerImage.reduce((sum, count) => sum + count, 0),
    ),
  );

/** Padding: sets the weights of queries without an object to 0. */
function knownTargets(objectsPerImage: number[], queries: number): DenseTargets {
  const targets = assigned(
    objectsPerImage,
    queries,
    1,
    objectsPerImage.reduce((sum, count) => sum + count, 0),
  );
  return { ...targets, classWeights: targets.boxWeights };
}

function predictions(batch: number, total: number, width: number): Predictions {
  const boxes = tf.add(tf.mul(spread([layers, batch, total, 4], 3), [0.3, 0.3, 0.15, 0.15]), [0.5, 0.5, 0.3, 0.3]);
  return { logits: tf.mul(spread([layers, batch, total, width], 4), 3), boxes: boxes as tf.Tensor4D };
}

/** The total, sums and gradients as arrays. */
function run(given: Predictions, parts: Parts<DenseTargets>, terms: readonly LossTerm[], counts = {}) {
  const batch = given.logits.shape[1];
  const merged = mergeTargets(parts, { layers, batch, terms, counts });
  return tf.tidy(() => {
    const targets = targetTensors(merged);
    const { sums } = criterion({ ...given, known: merged.known }, targets, terms);
    const total = (logits: tf.Tensor, boxes: tf.Tensor) =>
      criterion({ logits: logits as tf.Tensor4D, boxes: boxes as tf.Tensor4D, known: merged.known }, targets, terms)
        .total;
    const { value, grads } = tf.valueAndGrads(total)([given.logits, given.boxes]);
    return {
      total: value.dataSync()[0] as number,
      sums: sums.arraySync(),
      grads: grads.map((grad) => grad.arraySync() as number[][][][]),
    };
  });
}

/** Focal α and γ, or the softmax weight of "no object", and the weights of the three terms. */
type Formula = ({ alpha: number; gamma: number } | { eosCoef: number }) & {
  weights: { ce: number; bbox: number; giou: number };
};

/** The class loss of one query, as a formula. */
function classLossOf(logits: number[], label: number, formula: Formula): number {
  if ('eosCoef' in formula) {
    return Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - (logits[label] as number);
  }
  const { alpha, gamma } = formula;
  return logits.reduce((sum, x, c) => {
    const right = 1 / (1 + Math.exp(c === label ? -x : x));
    return sum - (c === label ? alpha : 1 - alpha) * (1 - right) ** gamma * Math.log(right);
  }, 0);
}

/** Class loss and L1 of the matching part of one layer, query by query as in the reference. */
function expectedSums(layer: number, given: Predictions, targets: DenseTargets, formula: Formula): number[] {
  const logits = given.logits.arraySync()[layer]?.flat() as number[][];
  const boxes = given.boxes.arraySync()[layer]?.flat() as number[][];
  let [classSum, weightSum] = [0, 0];
  const l1 = [0, 0, 0, 0];
  logits.forEach((row, query) => {
    const at = layer * logits.length + query;
    const label = targets.classes[at] as number;
    const weight = label === classes && 'eosCoef' in formula ? formula.eosCoef : 1;
    classSum += weight * classLossOf(row, label, formula);
    weightSum += weight;
    if (label === classes) return;
    boxes[query]?.forEach((value, i) => {
      l1[i] = (l1[i] as number) + Math.abs(value - (targets.boxes[4 * at + i] as number)) / targets.normalizer;
    });
  });
  return [classSum / ('eosCoef' in formula ? weightSum : targets.normalizer), ...l1];
}

const near = (values: number[], digits = 5) => values.map((value) => expect.closeTo(value, digits));

const weights = { ce: 1, bbox: 5, giou: 2 };
const presets: { name: 'detr' | 'dnDetr'; formula: Formula; width: number }[] = [
  { name: 'detr', formula: { eosCoef: 0.1, weights }, width: classes + 1 },
  { name: 'dnDetr', formula: { alpha: 0.25, gamma: 2, weights }, width: classes },
];

describe.each(presets)('criterion, $name', ({ name, formula, width }) => {
  const terms = criterionPresets[name];
  const [known, matching] = [knownTargets([3, 1], 4), matchingTargets([3, 1], 5)];
  const given = () => predictions(2, 9, width);
  /** The given predictions for queries `from` to `from + size`. */
  const slice = ({ logits, boxes }: Predictions, from: number, size: number): Predictions => ({
    logits: tf.slice(logits, [0, 0, from, 0], [-1, -1, size, -1]),
    boxes: tf.slice(boxes, [0, 0, from, 0], [-1, -1, size, -1]),
  });

  it('sums class loss and L1 as the reference does, layer by layer', () => {
    const { sums } = run(given(), { known, matching }, terms);
    for (let layer = 0; layer < layers; layer++) {
      const expected = expectedSums(layer, slice(given(), 4, 5), matching, formula);
      expect(sums[1]?.[layer]?.slice(0, 5)).toEqual(near(expected));
    }
  });

  it('gives each part the same losses as on its own', () => {
    const both = run(given(), { known, matching }, terms);
    const alone = [run(slice(given(), 0, 4), { known }, terms), run(slice(given(), 4, 5), { matching }, terms)];
    expect(both.sums).toEqual(alone.map(({ sums }) => sums[0]));
    expect(both.total).toBeCloseTo(
      alone.reduce((sum, { total }) => sum + total, 0),
      4,
    );
    both.grads.forEach((grad, i) => {
      const joined = alone[0]?.grads[i]?.map((images, l) =>
        images.map((queries, b) => [...queries, ...(alone[1]?.grads[i]?.[l]?.[b] ?? [])]),
      );
      expect(grad).toEqual(joined);
    });
  });

  it('returns the weighted sum of its terms as the total, with its gradient', () => {
    const { total, sums } = run(given(), { known, matching }, terms);
    const { bbox, giou } = formula.weights;
    const weigh = ([ce = 0, x = 0, y = 0, w = 0, h = 0, overlap = 0]: number[]) =>
      formula.weights.ce * ce + bbox * (x + y + w + h) + giou * overlap;
    expect(total).toBeCloseTo(
      sums.flat().reduce((sum, row) => sum + weigh(row), 0),
      4,
    );
    const merged = mergeTargets({ known, matching }, { layers, batch: 2, terms });
    const [targets, { logits, boxes }] = [targetTensors(merged), given()];
    const op = (logits: tf.Tensor, boxes: tf.Tensor) =>
      criterion({ logits: logits as tf.Tensor4D, boxes: boxes as tf.Tensor4D, known: 4 }, targets, terms).total;
    expectDerivative(op as (...inputs: tf.Tensor[]) => tf.Tensor, [logits, boxes], 1e-3);
  });

  it('gives queries without an object no box loss, and padding no loss', () => {
    const { grads } = run(given(), { known, matching }, terms);
    const [byLogits, byBoxes] = grads;
    const isZero = (row: number[] | undefined) => row?.every((value) => value === 0);
    // Image 1 of layer 0 has one object: known query 1 and matching query 1; the other known ones are padding.
    expect([0, 1, 2, 3].map((query) => isZero(byLogits?.[0]?.[1]?.[query]))).toEqual([true, false, true, true]);
    expect([0, 1, 2, 3].map((query) => isZero(byBoxes?.[0]?.[1]?.[query]))).toEqual([true, false, true, true]);
    expect([4, 5, 6, 7, 8].map((query) => isZero(byLogits?.[0]?.[1]?.[query]))).toEqual(Array(5).fill(false));
    expect([4, 5, 6].map((query) => isZero(byBoxes?.[0]?.[1]?.[query]))).toEqual([true, false, true]);
  });

  it('accepts a batch without objects', () => {
    const empty = { known: knownTargets([0, 0], 4), matching: matchingTargets([0, 0], 5) };
    const { total, sums, grads } = run(given(), empty, terms);
    expect(sums[0]?.flat().every((sum) => sum === 0)).toBe(true);
    for (const row of sums[1] ?? []) {
      expect(row.slice(1)).toEqual([0, 0, 0, 0, 0]);
      expect(row[0]).toBeGreaterThan(0);
    }
    expect(Number.isFinite(total)).toBe(true);
    expect(grads[1]?.flat(3).every((value) => value === 0)).toBe(true);
  });

  it('is the sum over its micro-batches', () => {
    // Two images each, one with more objects than queries; the second micro-batch has no objects.
    const objects = [3, 6, 0, 0];
    const whole = predictions(4, 9, width);
    const [knownParts, matchingParts] = [
      [knownTargets(objects.slice(0, 2), 4), knownTargets(objects.slice(2), 4)],
      [matchingTargets(objects.slice(0, 2), 5), matchingTargets(objects.slice(2), 5)],
    ];
    const counts = { known: knownCounts(knownParts), matching: matchingCounts(objects, 5) };
    const micro = [0, 1].map((i) =>
      run(
        {
          logits: tf.slice(whole.logits, [0, 2 * i, 0, 0], [-1, 2, -1, -1]),
          boxes: tf.slice(whole.boxes, [0, 2 * i, 0, 0], [-1, 2, -1, -1]),
        },
        { known: knownParts[i] as DenseTargets, matching: matchingParts[i] as DenseTargets },
        terms,
        counts,
      ),
    );
    const batch = run(whole, { known: joined(knownParts, 1, 9), matching: joined(matchingParts, layers, 9) }, terms);
    expect(micro.reduce((sum, { total }) => sum + total, 0)).toBeCloseTo(batch.total, 4);
    batch.sums.flat(2).forEach((value, i) => {
      expect(micro.reduce((sum, { sums }) => sum + (sums.flat(2)[i] as number), 0)).toBeCloseTo(value, 5);
    });
    batch.grads.forEach((grad, i) => {
      const parts = grad.map((_, layer) => micro.flatMap(({ grads }) => grads[i]?.[layer] ?? []));
      expect(parts.flat(3)).toEqual(near(grad.flat(3), 6));
    });
  });

  it('leaves no tensor behind and runs few kernels', async () => {
    const merged = mergeTargets({ known, matching }, { layers, batch: 2, terms });
    const [targets, { logits, boxes }] = [targetTensors(merged), given()];
    const op = (...[logits, boxes]: tf.Tensor[]) =>
      criterion({ logits: logits as tf.Tensor4D, boxes: boxes as tf.Tensor4D, known: 4 }, targets, terms).total;
    const before = tf.memory().numTensors;
    tf.dispose(tf.tidy(() => tf.valueAndGrads(op)([logits, boxes])) as unknown as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
    const kernels = (await kernelsOf(op, [logits, boxes])).filter((name) => name !== 'Reshape');
    expect(kernels.length).toBeLessThanOrEqual(106);
    expect(kernels).not.toContain('Slice');
  });
});

/** Joins the targets of micro-batches to one batch. */
function joined(parts: DenseTargets[], layerCount: number, normalizer: number): DenseTargets {
  const join = (key: 'classes' | 'boxes' | 'classWeights' | 'boxWeights') =>
    Array.from({ length: layerCount }, (_, layer) =>
      parts.flatMap((part) => {
        const size = part[key].length / layerCount;
        return [...part[key].subarray(layer * size, (layer + 1) * size)];
      }),
    ).flat();
  return {
    classes: Int32Array.from(join('classes')),
    boxes: Float32Array.from(join('boxes')),
    classWeights: Float32Array.from(join('classWeights')),
    boxWeights: Float32Array.from(join('boxWeights')),
    normalizer,
  };
}

describe('criterion', () => {
  it('names the tensor that does not fit', () => {
    const { dnDetr } = criterionPresets;
    const matching = matchingTargets([1, 1], 5);
    const targets = targetTensors(mergeTargets({ matching }, { layers, batch: 2, terms: dnDetr }));
    expect(() => criterion({ ...predictions(2, 6, classes), known: 0 }, targets, dnDetr)).toThrow(
      'criterion: targets.classes has shape [2,2,5], expected [2,2,6] by the logits',
    );
    const given = { ...predictions(2, 5, classes), known: 0 };
    expect(() => criterion({ ...given, boxes: predictions(2, 6, 3).boxes }, targets, dnDetr)).toThrow(
      'criterion: boxes has shape [2,2,6,4], expected [2,2,5,4]',
    );
    expect(() => criterion({ ...given, known: 6 }, targets, dnDetr)).toThrow('6 known queries, expected 0 to 5');
  });
});
