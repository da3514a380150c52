import { describe, expect, it } from 'vitest';
import { fnv1a32, formulaImage, formulaWeight, pixelElement, weightElement, weightKind } from './formula.ts';

describe('formula', () => {
  it('hashes the UTF-8 bytes of a name', () => {
    // Published test vectors of FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
    expect(fnv1a32('')).toBe(0x811c9dc5);
    expect(fnv1a32('a')).toBe(0xe40c292c);
    expect(fnv1a32('foobar')).toBe(0xbf9cf968);
    expect(fnv1a32('é')).not.toBe(fnv1a32('e'));
  });

  it('builds weights and images from the same elements', () => {
    const weight = { name: 'conv1.weight', shape: [4, 3, 2], kind: 'weight', wave: 'hash' } as const;
    const element = weightElement(weight);
    expect([...formulaWeight(weight)]).toEqual(Array.from({ length: 24 }, (_, i) => element(i)));
    expect(formulaImage('sin', 5)[4]).toBe(pixelElement('sin')(4));
    expect([...formulaWeight({ ...weight, shape: [2], kind: 'counter' })]).toEqual([0, 0]);
  });

  it('rejects an unknown kind by name', () => {
    expect(() => weightKind('toString', 'checks[0].kind')).toThrow("checks[0].kind: unknown kind 'toString'");
  });
});
