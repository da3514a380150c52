import type { Objects } from '@dn-detr/boxes';
import { describe, expect, it } from 'vitest';
import { linearSumAssignment } from './assignment.ts';
import { matchingCost } from './cost.ts';
import { matchingCosts } from './cost-terms.ts';
import { matchLayers } from './layers.ts';
import { PredictionError } from './non-finite.ts';
import type { LayerPredictions, QueryPredictions } from './predictions.ts';
import { matchingTargets } from './targets.ts';
import { randomLayers, randomObjects } from './testing/predictions.ts';

const predictions = randomLayers(1, { layers: 3, batch: 4, queries: 12, numLogits: 6 });
const counts = [5, 0, 12, 1];
const objects = counts.map((count, image) => randomObjects(10 + image, count, 5));

/** The predictions of one layer and image. */
function ofImage(predictions: LayerPredictions, layer: number, image: number): QueryPredictions {
  const { logits, boxes, batch, queries, numLogits, numClasses } = predictions;
  const first = (layer * batch + image) * queries;
  return {
    logits: logits.subarray(first * numLogits, (first + queries) * numLogits),
    boxes: boxes.subarray(first * 4, (first + queries) * 4),
    ...{ queries, numLogits, numClasses },
  };
}

describe('matchLayers', () => {
  it.each(Object.entries(matchingCosts))('matches each layer and image separately, with %s', (_, cost) => {
    const matches = matchLayers(predictions, objects, cost);
    expect(matches).toMatchObject({ layers: 3, batch: 4, queries: 12, unmatched: [], replacedCosts: 0 });
    for (let layer = 0; layer < 3; layer++) {
      for (const [image, found] of objects.entries()) {
        const count = found.labels.length;
        const costs = matchingCost(ofImage(predictions, layer, image), found, cost, {
          out: new Float64Array(12 * count),
        }).cost;
        const expected = new Int32Array(12).fill(-1);
        const pairs = linearSumAssignment(costs, 12, count);
        pairs.rows.forEach((query, k) => {
          expected[query] = pairs.cols[k] as number;
        });
        const first = (layer * 4 + image) * 12;
        expect(matches.objects.subarray(first, first + 12)).toEqual(expected);
      }
    }
  });

  it('finds the same pairs with munkres-js', () => {
    const [ours, theirs] = (['jonker-volgenant', 'munkres'] as const).map((solver) =>
      matchLayers(predictions, objects, matchingCosts.dnDetr, { solver }),
    );
    expect(theirs).toEqual(ours);
  });

  it('matches the best of more objects than queries and reports the rest', () => {
    const few = randomLayers(5, { layers: 2, batch: 2, queries: 4, numLogits: 4 });
    const crowd = [randomObjects(6, 7, 3), randomObjects(7, 2, 3)];
    const { objects: matched, unmatched } = matchLayers(few, crowd, matchingCosts.dnDetr);
    expect(unmatched.map(({ layer, image }) => [layer, image])).toEqual([
      [0, 0],
      [1, 0],
    ]);
    for (const { layer, objects: rest } of unmatched) {
      const taken = [...matched.subarray(8 * layer, 8 * layer + 4)];
      expect([...taken, ...rest].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
      const { cost } = matchingCost(ofImage(few, layer, 0), crowd[0] as Objects, matchingCosts.dnDetr);
      const total = taken.reduce((sum, object, q) => sum + (cost[q * 7 + object] as number), 0);
      const best = linearSumAssignment(cost, 4, 7);
      expect(total).toBeCloseTo(
        best.rows.reduce((sum, q, k) => sum + (cost[q * 7 + (best.cols[k] as number)] as number), 0),
        5,
      );
    }
  });

  it('returns no matches if there is nothing to match', () => {
    const empty = { labels: new Int32Array(0), boxes: new Float32Array(0) };
    const nothing = matchLayers(predictions, [empty, empty, empty, empty], matchingCosts.detr);
    expect(nothing.objects).toEqual(new Int32Array(3 * 4 * 12).fill(-1));
    expect(
      matchLayers(randomLayers(1, { layers: 2, batch: 0, queries: 5, numLogits: 3 }), [], matchingCosts.detr),
    ).toMatchObject({ objects: new Int32Array(0), unmatched: [] });
    const noQueries = randomLayers(1, { layers: 1, batch: 1, queries: 0, numLogits: 6 });
    expect(matchLayers(noQueries, objects.slice(3), matchingCosts.detr).unmatched).toEqual([
      { layer: 0, image: 0, objects: [0] },
    ]);
  });

  it('names layer, image and query of a prediction that is not finite', () => {
    const broken = { ...predictions, logits: predictions.logits.slice() };
    // layer 2, image 0, query 7, logit 4
    broken.logits[((2 * 4 + 0) * 12 + 7) * 6 + 4] = Number.NaN;
    const match = () => matchLayers(broken, objects, matchingCosts.dnDetr);
    expect(match).toThrow('layer 2, image 0, query 7: logit 4 is NaN');
    try {
      match();
    } catch (error) {
      expect(error).toBeInstanceOf(PredictionError);
      expect(error).toMatchObject({ layer: 2, image: 0, query: 7 });
    }
  });

  it('matches a query that is not finite last, on request, and warns once', () => {
    const broken = { ...predictions, boxes: predictions.boxes.slice() };
    broken.boxes.fill(Number.NaN, 0, 4 * 3);
    const warnings: string[] = [];
    const { objects: matched, replacedCosts } = matchLayers(broken, objects, matchingCosts.detr, {
      nonFinite: 'replace',
      warn: (message) => warnings.push(message),
    });
    expect(replacedCosts).toBe(3 * 5);
    expect(warnings).toEqual([
      "15 matching costs are not finite and count as 1000000; the first: layer 0, image 0, query 0: the box's cx is NaN",
    ]);
    expect([...matched.subarray(0, 3)]).toEqual([-1, -1, -1]);
    const intact = matchLayers(predictions, objects, matchingCosts.detr);
    expect(matched.subarray(12)).toEqual(intact.objects.subarray(12));
  });

  it('names the sizes that do not fit', () => {
    const match = (change: Partial<LayerPredictions>, targets = objects) =>
      matchLayers({ ...predictions, ...change }, targets, matchingCosts.detr);
    expect(() => match({ layers: 2 })).toThrow('expected logits [2, 4, 12, 6] of 576 numbers, got 864');
    expect(() => match({ boxes: new Float32Array(4) })).toThrow('expected boxes [3, 4, 12, 4] of 576 numbers, got 4');
    expect(() => match({ queries: 1.5 })).toThrow('expected a whole number of queries, got 1.5');
    expect(() => match({}, objects.slice(1))).toThrow('expected the objects of 4 images, got those of 3');
    const label = { labels: Int32Array.of(5), boxes: new Float32Array(4) };
    expect(() => match({}, [...objects.slice(0, 3), label])).toThrow(
      'image 3, object 0: label 5 is not a class: expected a whole number in 0..4',
    );
  });
});

describe('matchingTargets', () => {
  it('give every query its object, or "no object"', () => {
    const matches = matchLayers(predictions, objects, matchingCosts.detr);
    const { classes, boxes, classWeights, boxWeights, normalizer } = matchingTargets(matches, objects, 5);
    expect(normalizer).toBe(18);
    expect(classWeights).toEqual(new Float32Array(144).fill(1));
    for (const [at, object] of matches.objects.entries()) {
      const image = objects[Math.floor(at / 12) % 4] as Objects;
      expect(classes[at]).toBe(object < 0 ? 5 : image.labels[object]);
      expect(boxWeights[at]).toBe(object < 0 ? 0 : 1);
      const box = object < 0 ? [0, 0, 0, 0] : Array.from(image.boxes).slice(4 * object, 4 * object + 4);
      expect([...boxes.subarray(4 * at, 4 * at + 4)]).toEqual(box);
    }
  });

  it('require the objects that were matched', () => {
    const matches = matchLayers(predictions, objects, matchingCosts.detr);
    const [first, ...rest] = objects as [Objects, ...Objects[]];
    const fewer = { labels: [0], boxes: [0.5, 0.5, 0.1, 0.1] };
    expect(() => matchingTargets(matches, [fewer, ...rest], 5)).toThrow(
      /^image 0: object \d is matched, but there are 1 objects$/,
    );
    const foreign = { ...first, labels: [7, 7, 7, 7, 7] };
    expect(() => matchingTargets(matches, [foreign, ...rest], 5)).toThrow(
      'image 0, object 0: label 7 is not a class: expected a whole number in 0..4',
    );
  });

  it('have a normaliser of at least 1', () => {
    const empty = { labels: new Int32Array(0), boxes: new Float32Array(0) };
    const none = [empty, empty, empty, empty];
    expect(matchingTargets(matchLayers(predictions, none, matchingCosts.detr), none, 5).normalizer).toBe(1);
    expect(() => matchingTargets(matchLayers(predictions, none, matchingCosts.detr), [], 5)).toThrow(
      'expected the objects of 4 images, got those of 0',
    );
  });
});
