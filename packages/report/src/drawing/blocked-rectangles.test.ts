import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockedRectangles } from './blocked-rectangles.ts';

describe('blockedRectangles', () => {
  it('covers every blocked entry exactly once', () => {
    const masks = fc.integer({ min: 1, max: 8 }).chain((total) =>
      fc.record({
        total: fc.constant(total),
        mask: fc.uint8Array({ minLength: total * total, maxLength: total * total, max: 1 }),
      }),
    );
    fc.assert(
      fc.property(masks, ({ total, mask }) => {
        const painted = new Uint8Array(total * total);
        for (const { i, j, rows, columns } of blockedRectangles(mask, total)) {
          for (let row = i; row < i + rows; row++) {
            for (let column = j; column < j + columns; column++) {
              painted[row * total + column] = (painted[row * total + column] as number) + 1;
            }
          }
        }
        expect(painted).toEqual(mask);
      }),
    );
  });
});
