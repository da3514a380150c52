import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchingCost } from './cost.ts';
import { type CustomCost, type MatchingCost, matchingCosts } from './cost-terms.ts';
import { matchLayers } from './layers.ts';
import { replacementCost } from './non-finite.ts';
import { asCustom, type BuiltInTerm } from './testing/plain-terms.ts';
import { randomLayers, randomObjects, randomPredictions } from './testing/predictions.ts';

const queries = 40;
const predictions = randomPredictions(1, queries, 6);
const objects = randomObjects(2, 9, 5);

describe('a custom term', () => {
  it.each(Object.entries(matchingCosts))('leaves the other terms of %s unchanged', (_, cost) => {
    const nothing: CustomCost = { name: 'nothing', weight: 1, cost: () => {} };
    const exact = { out: new Float64Array(queries * 9) };
    const expected = matchingCost(predictions, objects, cost, exact).cost.slice();
    expect(matchingCost(predictions, objects, [...cost, nothing], exact).cost).toEqual(expected);
  });

  it.each<[string, MatchingCost]>([
    ['softmax', [{ kind: 'softmax', weight: 3 }]],
    ['focal', [{ kind: 'focal', alpha: 0.4, gamma: 1.5, weight: 0.5 }]],
    ['l1', [{ kind: 'l1', weight: 5 }]],
    ['giou', [{ kind: 'giou', weight: 2, epsilon: 0 }]],
    [
      'two class terms',
      [
        { kind: 'softmax', weight: 1 },
        { kind: 'focal', alpha: 0.25, gamma: 2, weight: -1 },
      ],
    ],
    ['the terms of the papers in another order', [...matchingCosts.dnDetr].reverse()],
  ])('with the formula of a built-in term gives the same costs: %s', (_, cost) => {
    const [expected, found] = [cost, cost.map((term) => asCustom(term as BuiltInTerm))].map(
      (terms) => matchingCost(predictions, objects, terms, { out: new Float64Array(queries * 9) }).cost,
    );
    found?.forEach((value, e) => {
      expect(Math.abs(value - (expected?.[e] as number))).toBeLessThan(1e-6);
    });
    const layers = randomLayers(3, { layers: 2, batch: 2, queries, numLogits: 6 });
    const ofImages = [objects, randomObjects(4, 5, 5)];
    const [matched, matchedByOwn] = [cost, cost.map((term) => asCustom(term as BuiltInTerm))].map((terms) =>
      matchLayers(layers, ofImages, terms),
    );
    expect(matchedByOwn).toEqual(matched);
  });

  it('costs the same as the built-in terms in any list, and twice as much with twice the weights', () => {
    const weight = fc.integer({ min: -20, max: 20 }).map((quarters) => quarters / 4);
    const term = fc.oneof<fc.Arbitrary<BuiltInTerm>[]>(
      fc.record({ kind: fc.constant('softmax'), weight }),
      fc.record({
        kind: fc.constant('focal'),
        alpha: fc.constantFrom(0.25, 0.5),
        gamma: fc.constantFrom(0, 2),
        weight,
      }),
      fc.record({ kind: fc.constant('l1'), weight }),
      fc.record({ kind: fc.constant('giou'), epsilon: fc.constantFrom(0, 1e-6), weight }),
    );
    const lists = fc.array(term, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(lists, fc.integer({ min: 2, max: 6 }), fc.nat(), (cost, numLogits, seed) => {
        const predictions = randomPredictions(seed, 7, numLogits);
        const objects = randomObjects(seed + 1, 3, numLogits - 1);
        const costsOf = (terms: MatchingCost) =>
          matchingCost(predictions, objects, terms, { out: new Float64Array(3 * 7) }).cost;
        const [expected, found] = [costsOf(cost), costsOf(cost.map(asCustom))];
        const tolerance = 1e-6 * cost.reduce((sum, { weight }) => sum + Math.abs(weight), 1);
        found.forEach((value, e) => {
          expect(Math.abs(value - (expected[e] as number))).toBeLessThan(tolerance);
        });
        const doubled = (terms: MatchingCost) => terms.map((term) => ({ ...term, weight: 2 * term.weight }));
        expect(costsOf(doubled(cost.map(asCustom)))).toEqual(found.map((value) => 2 * value));
        expect(costsOf(doubled(cost))).toEqual(expected.map((value) => 2 * value));
      }),
      { numRuns: 40 },
    );
  });

  it('receives one image, and zeros to write into', () => {
    const seen: unknown[] = [];
    const own: CustomCost = {
      name: 'own',
      weight: 1,
      cost: (given, ofImage, out) => {
        seen.push(
          given,
          ofImage,
          out.length,
          out.every((value) => value === 0),
        );
        out.fill(7);
      },
    };
    matchingCost(predictions, objects, [own, own]);
    expect(seen).toEqual([predictions, objects, 9 * queries, true, predictions, objects, 9 * queries, true]);
  });

  it('may call matchingCost itself', () => {
    const own: CustomCost = {
      name: 'own',
      weight: 1,
      cost: (given, ofImage, out) => {
        const { cost } = matchingCost(given, ofImage, matchingCosts.detr, { out: new Float64Array(out.length) });
        for (let e = 0; e < out.length; e++) out[e] = cost[(e % queries) * 9 + Math.floor(e / queries)] as number;
      },
    };
    const { cost } = matchingCost(predictions, objects, [matchingCosts.detr[2], own]);
    const expected = matchingCost(predictions, objects, [matchingCosts.detr[2], ...matchingCosts.detr]).cost;
    cost.forEach((value, e) => {
      expect(value).toBeCloseTo(expected[e] as number, 5);
    });
  });

  it('is named if it gives a cost that is not finite', () => {
    const own: CustomCost = {
      name: 'depth',
      weight: 1,
      cost: (_, __, out) => {
        out[3 * queries + 17] = Number.POSITIVE_INFINITY;
      },
    };
    const cost = [...matchingCosts.dnDetr, own];
    expect(() => matchingCost(predictions, objects, cost)).toThrow(
      'query 17: its cost with object 3 is Infinity, as the depth cost is Infinity',
    );
    const options = { nonFinite: 'replace', warn: () => {} } as const;
    const { cost: costs, replacedCosts } = matchingCost(predictions, objects, cost, options);
    expect([costs[17 * 9 + 3], replacedCosts]).toEqual([replacementCost, 1]);
  });
});
