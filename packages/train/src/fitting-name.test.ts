import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fittingName, longestName } from './fitting-name.ts';

const long = fc.string({ unit: 'grapheme', maxLength: 400 });
const end = fc.constantFrom('', '-seed-0', '-overfit-8-seed-12');

it('is never too long, and keeps its end', () => {
  fc.assert(
    fc.property(long, end, (base, end) => {
      const name = fittingName(base, end);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(longestName);
      expect(name.endsWith(end)).toBe(true);
      expect(Buffer.from(name).toString()).toBe(name);
      if (Buffer.byteLength(base + end) <= longestName) expect(name).toBe(base + end);
    }),
  );
});

it('keeps long names distinct, and shortens each the same way every time', () => {
  const names = ['a', 'b', 'é', '血'].flatMap((last) => [`${'x'.repeat(300)}${last}`, `${'血'.repeat(90)}${last}`]);
  expect(new Set(names.map((name) => fittingName(name, '-seed-0'))).size).toBe(names.length);
  expect(names.map((name) => fittingName(name))).toEqual(names.map((name) => fittingName(name)));
});
