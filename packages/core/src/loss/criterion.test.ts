import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectDerivative, kernelsOf, spread } from '../../../../test/support/differentiation.ts';
import { criterion, type Predictions } from './criterion.ts';
import { type CriterionOptions, criterionPresets } from './options.ts';
import { type DenseTargets, knownCounts, matchingCounts, mergeTargets, type Parts, targetTensors } from './targets.ts';

beforeAll(() => useBackend('cpu'));

const layers = 2;
/** classes; "no object" is one more */
const classes = 3;

/** Targets of `queries` for each count of objects; object i of image n goes to query (i + layer + n) % queries. */
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

/** Without weight where there is no object: padding. */
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

/** Total, terms and gradients as arrays. */
function run(given: Predictions, parts: Parts<DenseTargets>, options: CriterionOptions, counts = {}) {
  const batch = given.logits.shape[1];
  const merged = mergeTargets(parts, { layers, batch, classLoss: options.classLoss, counts });
  return tf.tidy(() => {
    const targets = targetTensors(merged);
    const { terms } = criterion(given, targets, merged.known, options);
    const total = (logits: tf.Tensor, boxes: tf.Tensor) =>
      criterion({ logits: logits as tf.Tensor4D, boxes: boxes as tf.Tensor4D }, targets, merged.known, options).total;
    const { value, grads } = tf.valueAndGrads(total)([given.logits, given.boxes]);
    return {
      total: value.dataSync()[0] as number,
      terms: terms.arraySync(),
      grads: grads.map((grad) => grad.arraySync() as number[][][][]),
    };
  });
}

/** The class loss of one query, as a formula. */
function classLossOf(logits: number[], label: number, { classLoss }: CriterionOptions): number {
  if (classLoss.kind === 'softmax') {
    return Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - (logits[label] as number);
  }
  const { alpha, gamma } = classLoss;
  return logits.reduce((sum, x, c) => {
    const right = 1 / (1 + Math.exp(c === label ? -x : x));
    return sum - (c === label ? alpha : 1 - alpha) * (1 - right) ** gamma * Math.log(right);
  }, 0);
}

/** Class loss and L1 of the matching part of one layer, query by query as in the reference. */
function expectedTerms(layer: number, given: Predictions, targets: DenseTargets, options: CriterionOptions): number[] {
  const logits = given.logits.arraySync()[layer]?.flat() as number[][];
  const boxes = given.boxes.arraySync()[layer]?.flat() as number[][];
  const softmax = options.classLoss.kind === 'softmax';
  let [classSum, weightSum] = [0, 0];
  const l1 = [0, 0, 0, 0];
  logits.forEach((row, query) => {
    const at = layer * logits.length + query;
    const label = targets.classes[at] as number;
    const weight = label === classes && options.classLoss.kind === 'softmax' ? options.classLoss.eosCoef : 1;
    classSum += weight * classLossOf(row, label, options);
    weightSum += weight;
    if (label === classes) return;
    boxes[query]?.forEach((value, i) => {
      l1[i] = (l1[i] as number) + Math.abs(value - (targets.boxes[4 * at + i] as number)) / targets.normalizer;
    });
  });
  return [classSum / (softmax ? weightSum : targets.normalizer), ...l1];
}

const near = (values: number[], digits = 5) => values.map((value) => expect.closeTo(value, digits));

const presets = [
  { name: 'detr', options: criterionPresets.detr as CriterionOptions, width: classes + 1 },
  { name: 'dnDetr', options: criterionPresets.dnDetr as CriterionOptions, width: classes },
];

describe.each(presets)('criterion, $name', ({ options, width }) => {
  const [known, matching] = [knownTargets([3, 1], 4), matchingTargets([3, 1], 5)];
  const given = () => predictions(2, 9, width);
  /** The given predictions for queries `from` to `from + size`. */
  const slice = ({ logits, boxes }: Predictions, from: number, size: number): Predictions => ({
    logits: tf.slice(logits, [0, 0, from, 0], [-1, -1, size, -1]),
    boxes: tf.slice(boxes, [0, 0, from, 0], [-1, -1, size, -1]),
  });

  it('sums class loss and L1 as the reference does, layer by layer', () => {
    const { terms } = run(given(), { known, matching }, options);
    for (let layer = 0; layer < layers; layer++) {
      const expected = expectedTerms(layer, slice(given(), 4, 5), matching, options);
      expect(terms[1]?.[layer]?.slice(0, 5)).toEqual(near(expected));
    }
  });

  it('treats each part as if it were alone', () => {
    const both = run(given(), { known, matching }, options);
    const alone = [run(slice(given(), 0, 4), { known }, options), run(slice(given(), 4, 5), { matching }, options)];
    expect(both.terms).toEqual(alone.map(({ terms }) => terms[0]));
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

  it('has as its total the weighted sum of its terms, and the gradient of that', () => {
    const { total, terms } = run(given(), { known, matching }, options);
    const { class: byClass, bbox, giou } = options.coefficients;
    const weigh = ([ce = 0, x = 0, y = 0, w = 0, h = 0, overlap = 0]: number[]) =>
      byClass * ce + bbox * (x + y + w + h) + giou * overlap;
    expect(total).toBeCloseTo(
      terms.flat().reduce((sum, term) => sum + weigh(term), 0),
      4,
    );
    const merged = mergeTargets({ known, matching }, { layers, batch: 2, classLoss: options.classLoss });
    const [targets, { logits, boxes }] = [targetTensors(merged), given()];
    const op = (logits: tf.Tensor, boxes: tf.Tensor) =>
      criterion({ logits: logits as tf.Tensor4D, boxes: boxes as tf.Tensor4D }, targets, 4, options).total;
    expectDerivative(op as (...inputs: tf.Tensor[]) => tf.Tensor, [logits, boxes], 1e-3);
  });

  it('gives queries without object no box loss, and padding no loss at all', () => {
    const { grads } = run(given(), { known, matching }, options);
    const [byLogits, byBoxes] = grads;
    const isZero = (row: number[] | undefined) => row?.every((value) => value === 0);
    // Image 1 of layer 0 has one object: known query 1 and matching query 1; the other known ones are padding.
    expect([0, 1, 2, 3].map((query) => isZero(byLogits?.[0]?.[1]?.[query]))).toEqual([true, false, true, true]);
    expect([0, 1, 2, 3].map((query) => isZero(byBoxes?.[0]?.[1]?.[query]))).toEqual([true, false, true, true]);
    expect([4, 5, 6, 7, 8].map((query) => isZero(byLogits?.[0]?.[1]?.[query]))).toEqual(Array(5).fill(false));
    expect([4, 5, 6].map((query) => isZero(byBoxes?.[0]?.[1]?.[query]))).toEqual([true, false, true]);
  });

  it('takes a batch without objects', () => {
    const empty = { known: knownTargets([0, 0], 4), matching: matchingTargets([0, 0], 5) };
    const { total, terms, grads } = run(given(), empty, options);
    expect(terms[0]?.flat().every((term) => term === 0)).toBe(true);
    for (const term of terms[1] ?? []) {
      expect(term.slice(1)).toEqual([0, 0, 0, 0, 0]);
      expect(term[0]).toBeGreaterThan(0);
    }
    expect(Number.isFinite(total)).toBe(true);
    expect(grads[1]?.flat(3).every((value) => value === 0)).toBe(true);
  });

  it('is the sum of its micro-batches', () => {
    // Two images each, one with more objects than queries; the second micro-batch has no objects at all.
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
        options,
        counts,
      ),
    );
    const batch = run(whole, { known: joined(knownParts, 1, 9), matching: joined(matchingParts, layers, 9) }, options);
    expect(micro.reduce((sum, { total }) => sum + total, 0)).toBeCloseTo(batch.total, 4);
    batch.terms.flat(2).forEach((term, i) => {
      expect(micro.reduce((sum, { terms }) => sum + (terms.flat(2)[i] as number), 0)).toBeCloseTo(term, 5);
    });
    batch.grads.forEach((grad, i) => {
      const parts = grad.map((_, layer) => micro.flatMap(({ grads }) => grads[i]?.[layer] ?? []));
      expect(parts.flat(3)).toEqual(near(grad.flat(3), 6));
    });
  });

  it('leaves no tensor behind and runs few kernels', async () => {
    const merged = mergeTargets({ known, matching }, { layers, batch: 2, classLoss: options.classLoss });
    const [targets, { logits, boxes }] = [targetTensors(merged), given()];
    const op = (...[logits, boxes]: tf.Tensor[]) =>
      criterion({ logits: logits as tf.Tensor4D, boxes: boxes as tf.Tensor4D }, targets, 4, options).total;
    const before = tf.memory().numTensors;
    tf.dispose(tf.tidy(() => tf.valueAndGrads(op)([logits, boxes])) as unknown as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
    const kernels = (await kernelsOf(op, [logits, boxes])).filter((name) => name !== 'Reshape');
    expect(kernels.length).toBeLessThanOrEqual(106);
    expect(kernels).not.toContain('Slice');
  });
});

/** The targets of micro-batches as one batch. */
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
  it('says what does not fit', () => {
    const { dnDetr } = criterionPresets;
    const matching = matchingTargets([1, 1], 5);
    const targets = targetTensors(mergeTargets({ matching }, { layers, batch: 2, classLoss: dnDetr.classLoss }));
    expect(() => criterion(predictions(2, 6, classes), targets, 0, dnDetr)).toThrow(
      'criterion: targets.classes has shape [2,2,5], expected [2,2,6] by the logits',
    );
    const given = predictions(2, 5, classes);
    expect(() => criterion({ ...given, boxes: predictions(2, 6, 3).boxes }, targets, 0, dnDetr)).toThrow(
      'criterion: boxes has shape [2,2,6,4], expected [2,2,5,4]',
    );
    expect(() => criterion(given, targets, 6, dnDetr)).toThrow('6 known queries, expected 0 to 5');
  });
});
