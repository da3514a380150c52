import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as format from './format.ts';

describe('numbers', () => {
  it('are a dash if they have no value', () => {
    const formats = [
      format.ap,
      format.decimal,
      format.signed,
      format.pValue,
      format.count,
      format.duration,
      format.secondsAStep,
    ];
    for (const words of formats)
      for (const value of [undefined, null, Number.NaN, Number.NEGATIVE_INFINITY]) expect(words(value)).toBe('–');
    expect(format.ap(-1)).toBe('–');
    expect(format.decimal(-1)).toBe('-1.000');
  });

  it('have only meaningful digits', () => {
    expect([0, 0.1734, 1].map(format.ap)).toEqual(['0.000', '0.173', '1.000']);
    expect([0.2849, -0.012, -0.0004].map((value) => format.signed(value))).toEqual(['+0.285', '−0.012', '0.000']);
    expect([0.0004, 0.04, 1].map(format.pValue)).toEqual(['< 0.001', '0.040', '1.000']);
    expect([0.0712, 9.99951, 12.34].map(format.secondsAStep)).toEqual(['0.071', '10.0', '12.3']);
    expect([12.345, 312.4, 599, 725, 7200, 12_345].map(format.duration)).toEqual([
      '12.3 s',
      '312 s',
      '599 s',
      '12 min',
      '2 h',
      '3 h 26 min',
    ]);
    expect(format.percent(0.95)).toBe('95 %');
  });

  it('are never in scientific notation', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), (value) => {
        for (const words of [format.duration, format.secondsAStep, format.count])
          expect(words(value)).not.toMatch(/e[+-]/);
      }),
    );
  });
});

describe('words', () => {
  it('are listed', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map((items) => format.listed(items))).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });

  it('show settings unchanged', () => {
    expect(['resnet', [32, 64], null, true, 0.001, undefined].map(format.setting)).toEqual([
      'resnet',
      '[32,64]',
      'null',
      'true',
      '0.001',
      '–',
    ]);
  });

  it('show times, and text that is not a time', () => {
    expect(format.moment('2026-03-04T05:06:07.000Z')).toBe('2026-03-04 05:06 UTC');
    expect(format.moment('yesterday')).toBe('yesterday');
  });
});
