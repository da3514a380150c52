import { describe, expect, it } from 'vitest';
import { matchingCost } from './cost.ts';
import { matchingCosts } from './cost-terms.ts';
import { PredictionError, replacementCost } from './non-finite.ts';
import type { QueryPredictions } from './predictions.ts';
import { plainTerm } from './testing/plain-terms.ts';
import { randomObjects, randomPredictions } from './testing/predictions.ts';

const [queries, numLogits] = [40, 6];
const predictions = randomPredictions(1, queries, numLogits);
const objects = randomObjects(2, 9, numLogits - 1);

describe('matchingCost', () => {
  it.each(Object.entries(matchingCosts))('of %s is the sum of its terms', (_, cost) => {
    const { cost: costs, replacedCosts } = matchingCost(predictions, objects, cost);
    expect([costs.length, replacedCosts]).toEqual([queries * 9, 0]);
    for (let q = 0; q < queries; q++) {
      for (let g = 0; g < 9; g++) {
        const expected = cost.reduce((sum, term) => sum + term.weight * plainTerm(predictions, objects, term, q, g), 0);
        expect(Math.abs((costs[q * 9 + g] as number) - expected)).toBeLessThan(1e-5);
      }
    }
  });

  it("writes into the caller's buffer", () => {
    const out = new Float64Array(queries * 9);
    const { cost } = matchingCost(predictions, objects, matchingCosts.detr, { out });
    expect(cost).toBe(out);
    expect(Float32Array.from(out)).toEqual(matchingCost(predictions, objects, matchingCosts.detr).cost);
  });

  it('is empty without objects or without queries', () => {
    const none = { labels: new Int32Array(0), boxes: new Float32Array(0) };
    const nobody = { ...predictions, logits: new Float32Array(0), boxes: new Float32Array(0), queries: 0 };
    expect(matchingCost(predictions, none, matchingCosts.dnDetr).cost.length).toBe(0);
    expect(matchingCost(nobody, objects, matchingCosts.dnDetr).cost.length).toBe(0);
  });

  it('names the length or label that does not fit', () => {
    const detr = matchingCosts.detr;
    expect(() => matchingCost({ ...predictions, boxes: new Float32Array(7) }, objects, detr)).toThrow(
      'expected boxes [40, 4] of 160 numbers, got 7',
    );
    expect(() => matchingCost(predictions, { ...objects, boxes: new Float32Array(8) }, detr)).toThrow(
      '9 labels, but 8 box numbers: expected 36',
    );
    expect(() => matchingCost(predictions, objects, detr, { out: new Float32Array(5) })).toThrow(
      'expected an output of 40 x 9 costs, got one of 5',
    );
    const one = { labels: Int32Array.of(5), boxes: Float32Array.of(0.5, 0.5, 0.1, 0.1) };
    expect(matchingCost({ ...predictions, numClasses: 6 }, one, matchingCosts.dnDetr).cost.length).toBe(queries);
    expect(() => matchingCost(predictions, one, detr)).toThrow(
      'object 0: label 5 is not a class: expected a whole number in 0..4',
    );
  });
});

describe('a prediction that is not finite', () => {
  const broken = (change: (copy: { logits: Float32Array; boxes: Float32Array }) => void): QueryPredictions => {
    const copy = { ...predictions, logits: predictions.logits.slice(), boxes: predictions.boxes.slice() };
    change(copy);
    return copy;
  };

  it.each(Object.entries(matchingCosts))('is named, with the cost of %s', (_, cost) => {
    const badLogit = broken(({ logits }) => {
      logits[17 * numLogits + 3] = Number.NaN;
    });
    expect(() => matchingCost(badLogit, objects, cost)).toThrow(PredictionError);
    expect(() => matchingCost(badLogit, objects, cost)).toThrow(/^query 17: logit 3 is NaN; /);
    const badBox = broken(({ boxes }) => {
      boxes[4 * 5 + 2] = Number.NEGATIVE_INFINITY;
    });
    expect(() => matchingCost(badBox, objects, cost)).toThrow(/^query 5: the box's width is -Infinity; /);
  });

  it('is replaced, counted and reported on request', () => {
    const two = broken(({ logits, boxes }) => {
      logits[17 * numLogits + 3] = Number.POSITIVE_INFINITY;
      boxes[4 * 30] = Number.NaN;
    });
    const warnings: string[] = [];
    const { cost, replacedCosts } = matchingCost(two, objects, matchingCosts.dnDetr, {
      nonFinite: 'replace',
      warn: (message) => warnings.push(message),
    });
    expect(replacedCosts).toBe(2 * 9);
    expect(warnings).toEqual([
      '18 matching costs are not finite and count as 1000000; the first: query 17: logit 3 is Infinity',
    ]);
    const plain = matchingCost(predictions, objects, matchingCosts.dnDetr).cost;
    cost.forEach((value, e) => {
      const q = Math.floor(e / 9);
      expect(value).toBe(q === 17 || q === 30 ? replacementCost : plain[e]);
    });
  });

  it('is distinguished from an undefined GIoU of finite boxes', () => {
    const point = { labels: Int32Array.of(1), boxes: Float32Array.of(0.5, 0.5, 0, 0) };
    const same = broken(({ boxes }) => boxes.set(point.boxes, 4 * 8));
    expect(() => matchingCost(same, point, matchingCosts.detr)).toThrow(
      'query 8: its cost with object 0 is NaN, as without an epsilon GIoU divides by 0',
    );
    const options = { nonFinite: 'replace', warn: () => {} } as const;
    const { cost, replacedCosts } = matchingCost(same, point, matchingCosts.detr, options);
    expect([cost[8], replacedCosts]).toEqual([replacementCost, 1]);
    expect(matchingCost(same, point, matchingCosts.dnDetr).replacedCosts).toBe(0);
    const huge = broken(({ boxes }) => boxes.fill(3e38, 4 * 8, 4 * 9));
    expect(() => matchingCost(huge, point, matchingCosts.detr)).toThrow(
      'query 8: its cost with object 0 is NaN, as its box or the weight is too large for the giou cost',
    );
  });
});
