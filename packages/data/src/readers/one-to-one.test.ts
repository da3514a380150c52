import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneToOne } from './one-to-one.ts';

/** A way of finding files that looks each entry up in a record. */
const leading = <Name extends string>(name: Name, files: Readonly<Record<string, string>>, shared = false) => ({
  name,
  shared,
  find: (entry: string) => files[entry],
});

describe('oneToOne', () => {
  it('gives a file only to the entry with the more certain claim', () => {
    const ways = [leading('exact', { a: 'a.txt' }), leading('folded', { a: 'x.txt', A: 'a.txt', b: 'x.txt' })];
    const { given, contested } = oneToOne(['A', 'a', 'b'], ways);
    expect([...given]).toEqual([
      ['a', { file: 'a.txt', by: 'exact' }],
      ['b', { file: 'x.txt', by: 'folded' }],
    ]);
    expect([...contested]).toEqual([]);
  });

  it('gives a file that two entries claim equally to neither, and to none by a later way', () => {
    const ways = [leading('exact', { a: 'a.txt', b: 'a.txt' }), leading('folded', { c: 'a.txt' })];
    const { given, contested } = oneToOne(['a', 'b', 'c'], ways);
    expect([...given]).toEqual([]);
    expect([...contested]).toEqual([['a.txt', ['a', 'b']]]);
  });

  it('lets entries share a file that they name exactly', () => {
    const { given } = oneToOne(['a', 'b'], [leading('exact', { a: 'x', b: 'x' }, true)]);
    expect(given.size).toBe(2);
  });

  it('lets entries with the same identity share a file', () => {
    const ways = [leading('folded', { a1: 'x', a2: 'x', b1: 'y', c1: 'y' })];
    const { given } = oneToOne(['a1', 'a2', 'b1', 'c1'], ways, (entry) => entry[0]);
    expect([...given.keys()]).toEqual(['a1', 'a2']);
  });

  it('never gives a file twice, whatever the claims', () => {
    const claims = fc.dictionary(fc.constantFrom(...'abcdef'), fc.constantFrom(...'123'), { noNullPrototype: true });
    fc.assert(
      fc.property(claims, claims, claims, (one, two, three) => {
        const ways = [leading('1', one), leading('2', two), leading('3', three)];
        const { given } = oneToOne([...'abcdef'], ways);
        const files = [...given.values()].map(({ file }) => file);
        expect(new Set(files).size).toBe(files.length);
        for (const [entry, { file, by }] of given) expect(ways[Number(by) - 1]?.find(entry)).toBe(file);
      }),
    );
  });
});
