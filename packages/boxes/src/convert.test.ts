import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipBoxes, cxcywhToXyxy, toAbsolute, toNormalized, xyxyToCxcywh } from './convert.ts';

/** Arrays of N boxes, with four numbers each. */
const boxes = fc
  .integer({ min: 0, max: 8 })
  .chain((count) =>
    fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 4 * count, maxLength: 4 * count }),
  )
  .map((values) => Float32Array.from(values));

const conversions: Record<string, (boxes: Float32Array, out?: Float32Array) => Float32Array> = {
  cxcywhToXyxy,
  xyxyToCxcywh,
  toAbsolute: (values, out) => toAbsolute(values, 640, 480, out),
  toNormalized: (values, out) => toNormalized(values, 640, 480, out),
  clipBoxes: (values, out) => clipBoxes(values, 1, 0.5, out),
};

const expectClose = (actual: Float32Array, expected: Float32Array) => {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs((actual[i] as number) - value)).toBeLessThan(1e-6);
};

describe.each(Object.entries(conversions))('%s', (_, convert) => {
  it('gives the same result in place, into a buffer and into a new array', () => {
    fc.assert(
      fc.property(boxes, (values) => {
        const before = values.slice();
        const fresh = convert(values);
        expect(values).toEqual(before);
        const buffer = new Float32Array(values.length);
        expect(convert(values, buffer)).toBe(buffer);
        expect(buffer).toEqual(fresh);
        expect(convert(values, values)).toBe(values);
        expect(values).toEqual(fresh);
      }),
    );
  });

  it('rejects lengths that do not fit', () => {
    expect(() => convert(new Float32Array(6))).toThrow('boxes are four numbers each: expected a multiple of 4');
    expect(() => convert(new Float32Array(8), new Float32Array(4))).toThrow('expected an output of 8 numbers');
  });
});

describe('box formats', () => {
  it('convert according to their definitions', () => {
    expect(cxcywhToXyxy(Float32Array.of(0.5, 0.25, 0.5, 0.25))).toEqual(Float32Array.of(0.25, 0.125, 0.75, 0.375));
    expect(xyxyToCxcywh(Float32Array.of(3, 3, 1, 2))).toEqual(Float32Array.of(2, 2.5, -2, -1));
    expect(toAbsolute(Float32Array.of(0.5, 0.5, 0.25, 1), 640, 480)).toEqual(Float32Array.of(320, 240, 160, 480));
  });

  it('survive a conversion back and forth', () => {
    fc.assert(
      fc.property(boxes, (values) => {
        expectClose(xyxyToCxcywh(cxcywhToXyxy(values)), values);
        expectClose(cxcywhToXyxy(xyxyToCxcywh(values)), values);
        expectClose(toNormalized(toAbsolute(values, 640, 480), 640, 480), values);
      }),
    );
  });

  it('clip to the image', () => {
    expect(clipBoxes(Float32Array.of(-1, 0.2, 0.5, 3, 2, 2, 3, 3), 1, 1)).toEqual(
      Float32Array.of(0, Math.fround(0.2), 0.5, 1, 1, 1, 1, 1),
    );
    fc.assert(
      fc.property(boxes, (values) => {
        const clipped = clipBoxes(values, 1, 0.5);
        clipped.forEach((value, i) => {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(i % 2 === 0 ? 1 : 0.5);
        });
        expect(clipBoxes(clipped, 1, 0.5)).toEqual(clipped);
      }),
    );
  });
});
