import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxArea, elementwiseGiou, elementwiseIou, pairwiseGiou, pairwiseIou, pairwiseUnion } from './overlap.ts';

type Corners = [x0: number, y0: number, x1: number, y1: number];

/** A box with ordered corners, on a coarse grid, so that touching, nested, equal and empty boxes are common. */
const box = fc
  .oneof(
    fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 6 }))),
    fc.tuple(...Array.from({ length: 4 }, () => fc.float({ min: 0, max: 1, noNaN: true }))),
  )
  .map(([a = 0, b = 0, c = 0, d = 0]): Corners => [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)]);

const boxes = fc.array(box, { maxLength: 6 }).map((list) => Float32Array.from(list.flat()));

const epsilon = fc.constantFrom(0, 1e-6);

/** IoU and GIoU of two boxes with ordered corners, computed with minima and maxima. */
function plainOverlap(a: Corners, b: Corners, eps: number): { iou: number; giou: number } {
  const area = ([x0, y0, x1, y1]: Corners) => Math.max(x1 - x0, 0) * Math.max(y1 - y0, 0);
  const max = (k: number) => Math.max(a[k] as number, b[k] as number);
  const min = (k: number) => Math.min(a[k] as number, b[k] as number);
  const shared = area([max(0), max(1), min(2), min(3)]);
  const hull = area([min(0), min(1), max(2), max(3)]);
  const union = area(a) + area(b) - shared;
  const iou = shared / (union + eps);
  return { iou, giou: iou - (hull - union) / (hull + eps) };
}

describe('IoU and GIoU', () => {
  it('agree with their definitions', () => {
    fc.assert(
      fc.property(box, box, epsilon, (a, b, eps) => {
        const [first, second] = [Float32Array.from(a), Float32Array.from(b)];
        const expected = plainOverlap([...first] as Corners, [...second] as Corners, eps);
        for (const [found, value] of [
          [elementwiseIou(first, second, eps)[0], expected.iou],
          [elementwiseGiou(first, second, eps)[0], expected.giou],
        ] as [number, number][]) {
          if (Number.isNaN(value)) expect(found).toBeNaN();
          else expect(Math.abs(found - value)).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('are symmetric, with IoU in 0..1 and GIoU in -1..1 and at most IoU', () => {
    fc.assert(
      fc.property(boxes, boxes, (a, b) => {
        const [rows, columns] = [a.length / 4, b.length / 4];
        const [iou, giou] = [pairwiseIou(a, b), pairwiseGiou(a, b)];
        const [turnedIou, turnedGiou] = [pairwiseIou(b, a), pairwiseGiou(b, a)];
        expect([iou.length, giou.length]).toEqual([rows * columns, rows * columns]);
        for (let n = 0; n < rows; n++) {
          for (let m = 0; m < columns; m++) {
            const [at, turned] = [n * columns + m, m * rows + n];
            expect(iou[at]).toBe(turnedIou[turned]);
            expect(giou[at]).toBe(turnedGiou[turned]);
            expect(iou[at]).toBeGreaterThanOrEqual(0);
            expect(iou[at]).toBeLessThanOrEqual(1);
            expect(giou[at]).toBeGreaterThanOrEqual(-1);
            expect(giou[at]).toBeLessThanOrEqual((iou[at] as number) + 1e-6);
          }
        }
      }),
    );
  });

  it('are equal elementwise to the diagonal of the pairwise matrix', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(box, box), { maxLength: 6 }), epsilon, (pairs, eps) => {
        const [a, b] = [0, 1].map((side) => Float32Array.from(pairs.flatMap((pair) => pair[side] as Corners))) as [
          Float32Array,
          Float32Array,
        ];
        const diagonal = (all: Float32Array) => all.filter((_, at) => at % (pairs.length + 1) === 0);
        expect(elementwiseIou(a, b, eps)).toEqual(diagonal(pairwiseIou(a, b, eps)));
        expect(elementwiseGiou(a, b, eps)).toEqual(diagonal(pairwiseGiou(a, b, eps)));
      }),
    );
  });

  it('of degenerate pairs depend on epsilon', () => {
    const point = Float32Array.of(2, 2, 2, 2);
    const unit = Float32Array.of(0, 0, 1, 1);
    const touching = Float32Array.of(1, 0, 2, 1);
    expect(pairwiseIou(point, point, 0)[0]).toBeNaN();
    expect(pairwiseGiou(point, point, 0)[0]).toBeNaN();
    expect(pairwiseIou(point, point)[0]).toBe(0);
    expect(pairwiseGiou(point, point)[0]).toBe(0);
    expect([...pairwiseIou(unit, touching, 0), ...pairwiseGiou(unit, touching, 0)]).toEqual([0, 0]);
    expect([...pairwiseIou(unit, unit, 0), ...pairwiseGiou(unit, unit, 0)]).toEqual([1, 1]);
    // Swapped corners overlap nothing.
    expect(pairwiseIou(Float32Array.of(1, 1, 0, 0), unit, 0)[0]).toBe(0);
    expect(pairwiseGiou(Float32Array.of(Number.NaN, 0, 1, 1), unit)[0]).toBeNaN();
  });
});

describe('areas and unions', () => {
  it('are those of the boxes', () => {
    const a = Float32Array.of(0, 0, 2, 3, 1, 1, 1, 5);
    const b = Float32Array.of(1, 1, 3, 4);
    expect(boxArea(a)).toEqual(Float32Array.of(6, 0));
    expect(pairwiseUnion(a, b)).toEqual(Float32Array.of(6 + 6 - 2, 6));
  });
});

describe('outputs', () => {
  it("are written into the caller's buffer", () => {
    const [a, b] = [Float32Array.of(0, 0, 2, 3, 0, 0, 1, 1), Float32Array.of(1, 1, 3, 4, 0, 0, 1, 1)];
    const [pairs, all] = [new Float32Array(2), new Float32Array(4)];
    expect(boxArea(a, pairs)).toBe(pairs);
    expect(elementwiseIou(a, b, 0, pairs)).toBe(pairs);
    expect(elementwiseGiou(a, b, 0, pairs)).toBe(pairs);
    expect(pairwiseUnion(a, b, all)).toBe(all);
    expect(pairwiseIou(a, b, 0, all)).toBe(all);
    expect(pairwiseGiou(a, b, 0, all)).toBe(all);
    expect(all).toEqual(pairwiseGiou(a, b, 0));
  });

  it('and inputs must have lengths that fit', () => {
    const [one, two] = [new Float32Array(4), new Float32Array(8)];
    expect(() => boxArea(new Float32Array(5))).toThrow('expected a multiple of 4, got an array of 5');
    expect(() => elementwiseIou(one, two)).toThrow('expected as many boxes on both sides, got 1 and 2');
    expect(() => pairwiseIou(one, two, 0, one)).toThrow('expected an output of 2 numbers, got 4');
  });
});
