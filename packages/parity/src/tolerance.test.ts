import { describe, expect, it } from 'vitest';
import { compare, matches, readRule, toleranceFor } from './tolerance.ts';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

describe('compare', () => {
  const tolerance = { atol: 0.1, rtol: 0 };

  it('passes at the tolerance and fails beyond it, element by element', () => {
    expect(compare([1, 2.25], [1, 2], { atol: 0.25, rtol: 0 })).toMatchObject({ error: 0.25, index: 1, pass: true });
    expect(compare([1, 2.25], [1, 2], { atol: 0, rtol: 0.125 })).toMatchObject({ tolerance: 0.25, pass: true });
    expect(compare([1, 2.25], [1, 2], { atol: 0.24, rtol: 0 })).toMatchObject({ index: 1, pass: false });
  });

  it('reports the element furthest beyond its tolerance, not the largest difference', () => {
    expect(compare([100.5, 1.2], [100, 1], { atol: 0, rtol: 0.01 })).toMatchObject({ index: 1, pass: false });
  });

  it('matches NaN with NaN and an infinity with itself, and neither with anything else', () => {
    expect(compare([nan, infinity, -infinity], [nan, infinity, -infinity], tolerance).pass).toBe(true);
    for (const [actual, expected] of [
      [nan, 1],
      [1, nan],
      [infinity, 1],
      [1, infinity],
      [infinity, -infinity],
      [nan, infinity],
    ] as const) {
      expect(compare([actual, 0], [expected, 0], tolerance).pass).toBe(false);
    }
  });

  it('does not let a NaN hide behind another failure', () => {
    expect(compare([5, nan], [0, 0], tolerance).error).toBeNaN();
    expect(compare([nan, 5], [0, 0], tolerance)).toMatchObject({ index: 0, pass: false });
  });
});

describe('tolerances', () => {
  const rule = (value: object) => readRule(value, 'tolerances[0]');
  const of = (rules: object[], key: string, expected: number[], facts = {}, atolByKey: [string, number][] = []) =>
    toleranceFor({ rules: rules.map(rule), atolByKey: new Map(atolByKey) }, key, expected, facts);

  it('takes the first rule whose glob matches the whole key', () => {
    const rules = [
      { keys: '*grad*', rtol: 1, atol: 2 },
      { keys: '*', rtol: 3, atol: 4 },
    ];
    expect(of(rules, 'detr.grad_a', [])).toEqual({ rtol: 1, atol: 2 });
    expect(of(rules, 'detr.iou', [])).toEqual({ rtol: 3, atol: 4 });
    expect(() => of([{ keys: 'a.b', rtol: 0, atol: 0 }], 'axb', [])).toThrow("no tolerance is given for 'axb'");
    expect(matches('after3.*', 'after3.')).toBe(true);
    expect(matches('after3.*', 'xafter3.y')).toBe(false);
  });

  it('applies rtol_of_max to the largest finite value', () => {
    expect(of([{ keys: '*', rtol: 0, atol: 0, rtol_of_max: 0.5 }], 'p0', [1, -4, infinity, nan]).atol).toBe(2);
  });

  it('applies the noise of a case, by key or the start of a key', () => {
    const rules = [{ keys: '*', rtol: 0, atol: 1, atol_noise: 'noise', factor: 10 }];
    expect(of(rules, 'C3.corner', [], { noise: { C3: 0.5 } }).atol).toBe(5);
    expect(of(rules, 'C3.corner', [], { noise: { C3: 0.01 } }).atol).toBe(1);
    expect(of(rules, 'C4.corner', [], { noise: { C3: 0.5 } }).atol).toBe(1);
    expect(of(rules, 'C4', [], { noise: 0.5 }).atol).toBe(5);
    expect(of(rules, 'C4', []).atol).toBe(1);
  });

  it('lets atol_by_key replace the absolute tolerance of its rule', () => {
    expect(of([{ keys: '*', rtol: 1, atol: 2 }], 'a', [], {}, [['a', 0.5]])).toEqual({ rtol: 1, atol: 0.5 });
  });

  it('rejects rules that would let everything pass', () => {
    expect(() => rule({ keys: '*', rtol: 'NaN', atol: 0 })).toThrow('tolerances[0].rtol: expected a finite number');
    expect(() => rule({ keys: '*', rtol: 0, atol: 'Infinity' })).toThrow('atol: expected a finite number');
    expect(() => rule({ keys: '*', rtol: -1, atol: 0 })).toThrow('rtol: expected a finite number from 0, found -1');
    expect(() => rule({ rtol: 0, atol: 0 })).toThrow('tolerances[0].keys: expected a string, found nothing');
    expect(() => rule({ keys: '*', atol_noise: 'noise' })).toThrow('factor: expected a number');
  });
});
