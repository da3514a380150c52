import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inverseSigmoid } from './inverse-sigmoid.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe('inverseSigmoid', () => {
  it('undoes the sigmoid', () => {
    fc.assert(
      fc.property(fc.float({ min: -6, max: 6, noNaN: true }), (x) => {
        expect(inverseSigmoid(Float32Array.of(sigmoid(x)))[0]).toBeCloseTo(x, 3);
      }),
    );
  });

  it('is finite, increasing and odd about a half', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -1, max: 2, noNaN: true }), { minLength: 2, maxLength: 20 }),
        fc.constantFrom(1e-3, 1e-5),
        (values, eps) => {
          const sorted = Float32Array.from(values).sort();
          const found = inverseSigmoid(sorted, eps);
          const mirrored = inverseSigmoid(
            sorted.map((x) => 1 - x),
            eps,
          );
          const bound = Math.log(1 / eps);
          found.forEach((y, i) => {
            expect(Math.abs(y)).toBeLessThanOrEqual(bound + 1e-5);
            if (i > 0) expect(y).toBeGreaterThanOrEqual(found[i - 1] as number);
            expect(Math.abs(y + (mirrored[i] as number))).toBeLessThan(0.02);
          });
        },
      ),
    );
  });

  it('is bounded by eps', () => {
    const bound = Math.log(1000);
    expect([...inverseSigmoid(Float32Array.of(-1, 0, 1, 2))]).toEqual(
      [-bound, -bound, bound, bound].map((value) => expect.closeTo(value, 5)),
    );
  });

  it('works in place and checks the output', () => {
    const values = Float32Array.of(0.5, 0.9);
    const expected = inverseSigmoid(values);
    expect(inverseSigmoid(values, 1e-3, values)).toBe(values);
    expect(values).toEqual(expected);
    expect(() => inverseSigmoid(values, 1e-3, new Float32Array(1))).toThrow(
      'expected an output of 2 numbers like the input, got 1',
    );
  });
});
