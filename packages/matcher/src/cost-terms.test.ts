import { describe, expect, it } from 'vitest';
import { matchingCost } from './cost.ts';
import { type CustomCost, type MatchingCost, matchingCosts } from './cost-terms.ts';
import { randomObjects, randomPredictions } from './testing/predictions.ts';

const predictions = randomPredictions(1, 40, 6);
const objects = randomObjects(2, 9, 5);

describe('the terms of the cost', () => {
  const [focal, l1, giou] = matchingCosts.dnDetr;
  const nothing: CustomCost = { name: 'nothing', weight: 1, cost: () => {} };
  it.each<[string, unknown, string]>([
    ['no list', { classCost: focal }, 'expected a list of one or more cost terms, got object'],
    ['an empty list', [], 'expected a list of one or more cost terms, got none'],
    ['nothing', [focal, null], 'cost term 1: expected an object with kind or name, got null'],
    [
      'an unknown kind',
      [{ kind: 'bce', weight: 1 }],
      'cost term 0: expected a kind among softmax, focal, l1 and giou, or a function `cost` of your own; got kind bce',
    ],
    [
      'a weight',
      [focal, { ...l1, weight: Number.NaN }],
      'cost term 1: expected a finite number as weight of the l1 cost, got NaN',
    ],
    ['an alpha', [{ ...focal, alpha: '1' }], 'cost term 0: expected a finite number as alpha of the focal cost, got 1'],
    [
      'a gamma',
      [{ ...focal, gamma: -2 }],
      'cost term 0: expected a number of 0 or more as gamma of the focal cost, got -2',
    ],
    [
      'an epsilon',
      [focal, l1, { ...giou, epsilon: undefined }],
      'cost term 2: expected a number of 0 or more as epsilon of the giou cost, got undefined',
    ],
    [
      "the weight of a user's term",
      [focal, { ...nothing, weight: undefined }],
      'cost term 1: expected a finite number as weight of the nothing cost, got undefined',
    ],
    [
      "a user's term without a function",
      [{ ...nothing, cost: 3 }],
      'cost term 0: expected a function as cost of the nothing cost, got number',
    ],
  ])('must be valid: %s', (_, cost, message) => {
    expect(() => matchingCost(predictions, objects, cost as MatchingCost)).toThrow(new RangeError(message));
  });

  it('need a logit for each class only if they use logits', () => {
    const few = { ...predictions, numClasses: 9 };
    const of = (cost: MatchingCost) => matchingCost(few, { ...objects, labels: Array(9).fill(8) }, cost).cost;
    expect(() => of([l1, focal])).toThrow(
      'cost term 1: the focal cost looks at a logit of each class, but there are 6 logits for 9 classes',
    );
    expect(of([l1, giou])).toEqual(matchingCost(predictions, objects, [l1, giou]).cost);
    const noLogits = { ...few, logits: new Float32Array(0), numLogits: 0 };
    expect(matchingCost(noLogits, objects, [l1, giou]).cost).toEqual(of([l1, giou]));
  });
});
