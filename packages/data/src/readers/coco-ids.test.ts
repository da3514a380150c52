import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cocoId, compareIds, IdIndex } from './coco-ids.ts';

describe('cocoId', () => {
  it.each<[unknown, unknown]>([
    [7, 7],
    [-3, -3],
    ['7', 7],
    ['-3', -3],
    ['007', '007'],
    ['2024-frame-001', '2024-frame-001'],
    ['9007199254740993', '9007199254740993'],
    ['1e3', '1e3'],
    ['', undefined],
    [1.5, undefined],
    [2 ** 53, undefined],
    [null, undefined],
    [true, undefined],
    [[1], undefined],
  ])('reads %j as %j', (value, id) => {
    expect(cocoId(value)).toBe(id);
  });
});

describe('compareIds', () => {
  it('orders numbers by value, also beyond 2⁵³, before texts', () => {
    const ids = [-3, 0, 7, 10, '9007199254740992', '9007199254740993', '10000000000000000000', '007', 'a', 'b'];
    expect(ids.toReversed().toSorted(compareIds)).toEqual(ids);
  });

  it('is an order', () => {
    const id = fc.oneof(fc.integer(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }).map(String), fc.string());
    fc.assert(
      fc.property(id, id, id, (a, b, c) => {
        expect(compareIds(a, b)).toBe(-compareIds(b, a) || 0);
        if (compareIds(a, b) <= 0 && compareIds(b, c) <= 0) expect(compareIds(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('IdIndex', () => {
  it('finds an id as it is, or without leading zeros where one alone is meant', () => {
    const ids = new IdIndex([7, '0012', '05', '005']);
    expect([7, '007', '0012', 12, '05', '005', 5, 8].map((id) => ids.find(id))).toEqual([
      ...[7, 7, '0012', '0012', '05', '005', undefined, undefined],
    ]);
  });
});
