import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCocoJson } from './parse-json.ts';

describe('parseCocoJson', () => {
  it('agrees with JSON.parse, whatever is in the strings', () => {
    const words = fc.constantFrom(
      'NaN',
      '-Infinity',
      '"id": 12345678901234567890',
      'id',
      'image_id',
      '\\',
      '"',
      ':',
      '[',
    );
    const text = fc.array(fc.oneof(words, fc.string()), { maxLength: 4 }).map((parts) => parts.join(''));
    const long = fc.constant(2 ** 70);
    fc.assert(
      fc.property(
        fc.object({ key: text, values: [text, fc.integer(), fc.double(), long, fc.constant(null)] }),
        (value) => {
          // The NaN makes the parser take the slow path.
          const json = JSON.stringify({ value });
          const { value: parsed, nan } = parseCocoJson(`${json.slice(0, -1)},"nan":NaN}`) as Record<string, unknown>;
          expect(nan).toBeNaN();
          const rounded = (_: string, item: unknown) => (typeof item === 'bigint' ? Number(item) : item);
          expect(JSON.stringify(parsed, rounded)).toBe(JSON.stringify(JSON.parse(json).value));
        },
      ),
    );
  });

  it('keeps the digits of ids, and only of ids', () => {
    const ids = '{"id":9007199254740993,"image_id" : -18446744073709551617,"category_id":9007199254740991}';
    expect(parseCocoJson(ids)).toEqual({
      id: 9007199254740993n,
      image_id: -18446744073709551617n,
      category_id: 9007199254740991,
    });
    const others = '{"area":9007199254740993,"id":12345678901234567.5,"image_id":1234567890123456789e2,"bbox":[1,NaN]}';
    expect(parseCocoJson(others)).toEqual({
      area: 9007199254740992,
      id: 12345678901234568,
      image_id: 123456789012345680000,
      bbox: [1, Number.NaN],
    });
  });

  it('reads bare NaN and infinities', () => {
    expect(parseCocoJson('[NaN, -Infinity,Infinity,{"a":NaN}]')).toEqual([
      Number.NaN,
      -Infinity,
      Infinity,
      { a: Number.NaN },
    ]);
  });

  it.each(['', '{', '[NaN', '[NaNs]', '[nan]', '{"id":01234567890123456789}', '["a]', '{"id":12345678901234567890'])(
    'rejects %j',
    (text) => {
      expect(() => parseCocoJson(text)).toThrow(SyntaxError);
    },
  );
});
