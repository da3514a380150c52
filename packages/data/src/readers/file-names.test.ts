import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldName, isForeign, partsOf, stem, writtenForms } from './file-names.ts';

describe('foldName', () => {
  it.each([
    ['Part1.JPG', 'part1.jpg'],
    ['cafe\u0301.png', 'caf\u00e9.png'],
    ['Prise_%C3%A9cran_0.png', 'Prise_écran_0.png'],
    ['a%204.png', 'a 4.png'],
    ['a%25204.png', 'a 4.png'],
    ['caf%E9.png', 'café.png'],
    ['a9.png ', 'a9.png'],
  ])('treats %j and %j as one name', (one, other) => {
    expect(foldName(one)).toBe(foldName(other));
  });

  it.each([
    ['part1.jpg', 'part2.jpg'],
    ['100%.jpg', '100.jpg'],
    ['a+b.jpg', 'a b.jpg'],
    ['a.jpg', 'a.png'],
    ['a_b.jpg', 'a-b.jpg'],
  ])('keeps %j and %j apart', (one, other) => {
    expect(foldName(one)).not.toBe(foldName(other));
  });

  it('undoes any spelling of any name', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(name, (text) => {
        const once = foldName(text);
        expect(foldName(text.normalize('NFD'))).toBe(once);
        expect(foldName(encodeURIComponent(text))).toBe(once);
        expect(foldName(` ${text}`)).toBe(once);
      }),
    );
  });
});

describe('writtenForms', () => {
  it.each([
    ['images\\1/a.jpg', ['images/1/a.jpg']],
    ['a9.png ', ['a9.png ', 'a9.png']],
    ['a%204.png', ['a%204.png', 'a 4.png']],
    ['https://x.org/set/a6.png?sig=abc&e=1', ['https://x.org/set/a6.png?sig=abc&e=1', 'https://x.org/set/a6.png']],
    [
      '/data/local-files/?d=set%2Fa.png',
      ['/data/local-files/?d=set%2Fa.png', 'set%2Fa.png', 'set/a.png', '/data/local-files/?d=set/a.png'],
    ],
  ])('reads %j', (written, forms) => {
    expect(writtenForms(written)).toEqual(forms);
  });
});

describe('a written path', () => {
  it.each(['/mnt/set/a.jpg', 'C:\\set\\a.jpg', 's3://bucket/a.jpg', 'file:///home/a.jpg', '..\\..\\media\\a.jpg'])(
    'is foreign: %j',
    (written) => {
      expect(isForeign(written)).toBe(true);
    },
  );

  it.each(['a.jpg', 'images/a.jpg', './a.jpg', '..a.jpg', 'images\\1/a.jpg'])('is from this folder: %j', (written) => {
    expect(isForeign(written)).toBe(false);
  });

  it('consists of folders and a file', () => {
    expect(partsOf('./../x//y/a.b.jpg')).toEqual(['x', 'y', 'a.b.jpg']);
    expect(stem('x/y/a.b.jpg')).toBe('a.b');
  });
});
