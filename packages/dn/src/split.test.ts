import { describe, expect, it } from 'vitest';
import { splitOutputs } from './split.ts';

describe('splitOutputs', () => {
  const layout = { batch: 1, known: 1, matching: 2, total: 3 };

  it('splits the queries of every layer and image', () => {
    // [layers 2, images 1, T 3, width 2]
    const outputs = Float32Array.from({ length: 12 }, (_, i) => i);
    const { known, matching } = splitOutputs(outputs, layout, 2);
    expect(known).toEqual(Float32Array.of(0, 1, 6, 7));
    expect(matching).toEqual(Float32Array.of(2, 3, 4, 5, 8, 9, 10, 11));
    known[0] = 99;
    expect(outputs[0]).toBe(0);
  });

  it('gives an empty known part if there are no known queries', () => {
    const { known, matching } = splitOutputs(Float32Array.of(1, 2), { batch: 1, known: 0, matching: 2, total: 2 }, 1);
    expect([known.length, [...matching]]).toEqual([0, [1, 2]]);
  });

  it('rejects outputs from which queries are missing', () => {
    expect(() => splitOutputs(new Float32Array(10), layout, 2)).toThrow(
      'outputs hold 10 numbers: expected a multiple of 1 (images) × 3 (queries: 1 known, 2 matching) × 2',
    );
    expect(() => splitOutputs(new Float32Array(18), { ...layout, batch: 2 }, 2)).toThrow(
      'a multiple of 2 (images) × 3',
    );
  });
});
