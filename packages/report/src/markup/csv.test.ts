import { csvParseRows } from 'd3-dsv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csv, csvAddress } from './csv.ts';

const text = fc.string({ unit: 'grapheme' });

describe('csv', () => {
  it('can be read back', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ 'a,"b"': text, c: fc.integer(), d: text }), { minLength: 1 }), (rows) => {
        const expected = rows.map((row) => [row['a,"b"'], String(row.c), row.d]);
        expect(csvParseRows(csv(rows))).toEqual([['a,"b"', 'c', 'd'], ...expected]);
      }),
    );
  });

  it('leaves fields without a value empty', () => {
    expect(csv([{ a: null, b: undefined, c: Number.NaN, d: 0 }])).toBe('a,b,c,d\n,,,0');
  });

  it('rounds to six digits, but does not round counts', () => {
    expect(csv([{ AP: 0.1 + 0.2, loss: 1.23456789e-7, steps: 123_456_789 }])).toBe(
      'AP,loss,steps\n0.3,1.23457e-7,123456789',
    );
  });
});

describe('csvAddress', () => {
  it('contains the text for whoever follows the link', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        const body = await (await fetch(csvAddress(content))).arrayBuffer();
        expect(Buffer.from(body).toString()).toBe(content);
      }),
    );
  });

  it('accepts text that is not valid Unicode', () => {
    expect(csvAddress('a\ud800')).toBe('data:text/csv;charset=utf-8,a%EF%BF%BD');
  });
});
