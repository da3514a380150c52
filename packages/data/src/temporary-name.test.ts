import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutToBytes, temporaryNames, temporaryNameWriter } from './temporary-name.ts';

const bytesOf = (text: string): number => Buffer.byteLength(text);

/** Names of 1 to 255 bytes, of characters of one to four bytes. */
const fileName = fc
  .tuple(fc.integer({ min: 1, max: 255 }), fc.string({ unit: 'grapheme', minLength: 255, maxLength: 255 }))
  .map(([bytes, text]) => cutToBytes(text.replaceAll('/', '_'), bytes) || 'a')
  .filter((name) => name !== '.' && name !== '..');

describe('temporaryNames', () => {
  it('are never longer than the final name, nor that name itself, and are valid', () => {
    fc.assert(
      fc.property(fileName, (name) => {
        const names = [...temporaryNames(name)];
        expect(names.length).toBeGreaterThan(0);
        for (const temporary of names) {
          expect(bytesOf(temporary)).toBeLessThanOrEqual(bytesOf(name));
          expect(temporary).toMatch(/^[^/\0]+$/);
          expect(['.', '..', name]).not.toContain(temporary);
          expect(Buffer.from(temporary).toString()).toBe(temporary);
        }
      }),
    );
  });

  it('name their process if there is room, and are recognised from five bytes on', () => {
    fc.assert(
      fc.property(fileName, (name) => {
        const [first, second] = [...temporaryNames(name)] as [string, string];
        const own = bytesOf(name) >= 13;
        if (own) expect(temporaryNameWriter(first)).toBe(process.pid);
        if (own || bytesOf(name) >= 5) expect(temporaryNameWriter(second)).toBe('unknown');
      }),
    );
  });

  it.each([...'_+,@=^%', 'a', '%%'])('offer several for %j, so that two processes find one each', (name) => {
    expect(new Set(temporaryNames(name)).size).toBeGreaterThanOrEqual(6);
  });
});

it.each([
  ['.a.safetensors.4194305.tmp', 4194305],
  ['.x.png.12.tmp', 12],
  ['.x~y.12.tmp', 12],
  ['.config~9ix.tmp', 12345],
  ['.~9ix.tmp', 12345],
  ['.a\n~9ix.tmp', 12345],
  ['_+,@=', 'unknown'],
  ['a.safetensors', undefined],
  ['.a.tmp', undefined],
  ['b.7.tmp', undefined],
  ['.bashrc~', undefined],
  ['~$report.docx', undefined],
  ['_', undefined],
  ['____a', undefined],
  ['_________', undefined],
])('the writer of %j is %j', (name, writer) => expect(temporaryNameWriter(name)).toBe(writer));

it('cuts between characters', () => {
  expect(cutToBytes('aé€😀', 10)).toBe('aé€😀');
  expect(cutToBytes('aé€😀', 9)).toBe('aé€');
  expect(cutToBytes('aé€😀', 5)).toBe('aé');
  expect(cutToBytes('aé€😀', 0)).toBe('');
});
