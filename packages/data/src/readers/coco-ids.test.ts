import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cocoId, compareWrittenIds, IdIndex } from './coco-ids.ts';

describe('cocoId', () => {
  it.each<[unknown, unknown]>([
    [7, 7],
    [-3, -3],
    ['7', 7],
    ['-3', -3],
    ['007', '007'],
    ['2024-frame-001', '2024-frame-001'],
    ['9007199254740993', '9007199254740993'],
    [9007199254740993n, '9007199254740993'],
    ['1e3', '1e3'],
    ['', undefined],
    [1.5, undefined],
    [2 ** 53, undefined],
    [null, undefined],
    [true, undefined],
    [[1], undefined],
  ])('reads %s as %s', (value, id) => {
    expect(cocoId(value)).toBe(id);
  });
});

describe('compareWrittenIds', () => {
  it('orders numbers by value, even beyond 2⁵³, then texts by code point', () => {
    const ids = [-(2n ** 60n), -3, 0, 7, 10, 2n ** 53n, 2n ** 53n + 1n, '007', '10', '9', 'a', '\uffff', '😀'];
    expect(ids.toReversed().toSorted(compareWrittenIds)).toEqual(ids);
  });

  it('is an order', () => {
    const id = fc.oneof(fc.integer(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }), fc.string());
    fc.assert(
      fc.property(id, id, id, (a, b, c) => {
        expect(Math.sign(compareWrittenIds(a, b)) + Math.sign(compareWrittenIds(b, a))).toBe(0);
        if (compareWrittenIds(a, b) <= 0 && compareWrittenIds(b, c) <= 0) {
          expect(compareWrittenIds(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

describe('IdIndex', () => {
  it('finds an id exactly, or without leading zeros where that is unambiguous', () => {
    const ids = new IdIndex([7, '0012', '05', '005']);
    expect([7, '007', '0012', 12, '05', '005', 5, 8].map((id) => ids.find(id))).toEqual([
      ...[7, 7, '0012', '0012', '05', '005', undefined, undefined],
    ]);
  });
});
