import { describe, expect, it } from 'vitest';
import { isPremultiplied } from './avif.ts';
import { withBytes } from './byte-source.ts';

/** A box of ISO's base media format. */
function box(type: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

const file = (...references: string[]): Buffer => {
  const version = Buffer.alloc(4);
  const refer = references.map((type) => box(type, Buffer.from([0, 2, 0, 1, 0, 1])));
  const meta = box('meta', version, box('iref', version, ...refer));
  return Buffer.concat([box('ftyp', Buffer.from('avif')), meta, box('mdat', Buffer.from('prem and pixels'))]);
};

describe('isPremultiplied', () => {
  it.each<[string[], boolean]>([
    [[], false],
    [['auxl'], false],
    [['auxl', 'prem'], true],
  ])('follows from the references %j', async (references, expected) => {
    expect(await withBytes(file(...references), isPremultiplied)).toBe(expected);
  });

  it('accepts a file without references', async () => {
    expect(await withBytes(Buffer.from('prem'), isPremultiplied)).toBe(false);
  });
});
