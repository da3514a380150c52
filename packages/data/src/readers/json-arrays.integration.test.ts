import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../error.ts';
import { makeFolder } from '../testing/dataset-folder.ts';
import { readJsonArrays } from './json-arrays.ts';

const folder = makeFolder();
const file = path.join(folder, 'x.json');

async function read(text: string | Buffer, ...keys: string[]): Promise<{ seen: string[]; lists: unknown[][] }> {
  fs.writeFileSync(file, text);
  const lists = keys.map((): unknown[] => []);
  const handlers = keys.map((key, n) => [
    key,
    (element: unknown, index: number) => {
      expect(index).toBe(lists[n]?.length);
      lists[n]?.push(element);
    },
  ]);
  const seen = await readJsonArrays(file, 'x.json', Object.fromEntries(handlers));
  return { seen: [...seen], lists };
}

describe('readJsonArrays', () => {
  it('passes the elements of the requested arrays on', async () => {
    const text =
      '\uFEFF { "skipped": {"a": [1, "]}"]}, "list": [1, {"b": "\\"]}"}, [], "é,", null ], "flag":true, "other" : [] }\n';
    expect(await read(text, 'list', 'other', 'missing')).toEqual({
      seen: ['skipped', 'list', 'flag', 'other'],
      lists: [[1, { b: '"]}' }, [], 'é,', null], [], []],
    });
    expect(await read('{}', 'list')).toEqual({ seen: [], lists: [[]] });
  });

  it('accepts NaN and Infinity, as Python writes them, but not within strings', async () => {
    const { lists } = await read('{"list": [{"a": NaN, "b": [-Infinity, 1], "c": "NaN \\" Infinity"}, NaN]}', 'list');
    expect(lists).toEqual([[{ a: NaN, b: [-Infinity, 1], c: 'NaN " Infinity' }, NaN]]);
  });

  it('reads across its chunks', async () => {
    const list = Array.from({ length: 60_000 }, (_, n) => ({ n, text: `ä€😀 ${'x'.repeat(n % 200)}` }));
    const text = JSON.stringify({ list });
    expect(text.length).toBeGreaterThan(1.2 * 2 ** 22);
    const { lists } = await read(text, 'list');
    expect(lists[0]).toEqual(list);
  });

  it.each([
    ['', 'x.json is empty: expected a JSON object'],
    ['[]', 'x.json, line 1, column 1: expected a JSON object, { … }'],
    ['{"list": {}}', 'x.json, line 1, column 10: list is not a list: expected [ … ]'],
    ['{"list": [1],\n "list": []}', 'x.json, line 2, column 2: list appears twice'],
    [
      '{"list": [\n{"a": 1},\n {"a": 2',
      'x.json, line 3, column 9: the file ends in list[1]: it is cut off; export or download it again',
    ],
    [
      '{"list": [1, 2]',
      'x.json, line 1, column 16: the file ends in or after list: it is cut off; export or download it again',
    ],
    ['{"list": [\n{"a": 1}\n{"a": 2}]}', 'x.json, line 3, column 1: expected a comma or ] after list[0]'],
    ['{"list": [1, 2,]}', /^x.json, line 1, column 16: list\[2\] is not valid JSON: /],
    ['{"list": [1,\n  {"a" 2}]}', /^x.json, line 2, column 3: list\[1\] is not valid JSON: /],
    ['{"list": [1]} {}', 'x.json, line 1, column 15: expected nothing after the object'],
    ['{list: [1]}', 'x.json, line 1, column 2: expected a key or }'],
  ])('reports where %j is wrong', async (text, message) => {
    const thrown = await read(text, 'list').catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(DataError);
    expect((thrown as DataError).message).toMatch(
      typeof message === 'string' ? new RegExp(`^${escaped(message)}$`) : message,
    );
  });

  it('reads everything that JSON.parse reads', async () => {
    const document = fc
      .dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }))
      .chain((rest) =>
        fc.record({ list: fc.array(fc.jsonValue({ maxDepth: 3 })), rest: fc.constant(rest), indent: fc.nat(2) }),
      );
    await fc.assert(
      fc.asyncProperty(document, async ({ list, rest, indent }) => {
        const whole = { ...rest, list };
        const { seen, lists } = await read(JSON.stringify(whole, null, indent), 'list');
        expect(lists).toEqual([JSON.parse(JSON.stringify(list))]);
        expect(seen.sort()).toEqual(Object.keys(whole).sort());
      }),
      { numRuns: 100 },
    );
  });

  it('keeps ids beyond 2⁵³ digit by digit, and parses other numbers as usual', async () => {
    const text =
      '{"list": [{"id": 9007199254740993, "image_id": -12345678901234567890, "area": 9007199254740993, ' +
      '"bbox": [0.1234567890123456789, 1e-1234567890123456, NaN], "note": "id 9007199254740993 is NaN"}, ' +
      '9007199254740993, {"id": 9007199254740991, "category_id": 1234567890123456.0}]}';
    const { lists } = await read(text, 'list');
    expect(lists[0]).toEqual([
      {
        id: 9007199254740993n,
        image_id: -12345678901234567890n,
        area: 9007199254740992,
        bbox: [0.12345678901234568, 0, Number.NaN],
        note: 'id 9007199254740993 is NaN',
      },
      9007199254740992,
      { id: 9007199254740991, category_id: 1234567890123456 },
    ]);
  });

  it('ends in a DataError or a result on any bytes', async () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '\\',
      '1',
      'NaN',
      'null',
      '"list"',
      '\n',
      '\0',
      '\xff',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece), async (pieces) => {
        const thrown = await read(`{"list": [${pieces.join('')}`, 'list').catch((error: unknown) => error);
        if (thrown instanceof Error) expect(thrown).toBeInstanceOf(DataError);
      }),
      { numRuns: 300 },
    );
  });

  it('names a file that cannot be read', async () => {
    await expect(readJsonArrays(folder, 'folder', {})).rejects.toThrow(/^folder cannot be read: EISDIR/);
  });
});

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
