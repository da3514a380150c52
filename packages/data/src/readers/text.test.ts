import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText } from './text.ts';

const xml = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?><a>é</a>`;

describe('decodeText', () => {
  it('restores any text written as UTF-8, or as UTF-16 with a byte order mark', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (written) => {
        const text = written.replace(/^\uFEFF+/, '');
        const marked = `\uFEFF${text}`;
        const le = Buffer.from(marked, 'utf16le');
        expect(decodeText(Buffer.from(text))).toEqual({ text });
        expect(decodeText(Buffer.from(marked))).toEqual({ text });
        expect(decodeText(le)).toEqual({ text });
        expect(decodeText(Buffer.from(le).swap16())).toEqual({ text });
      }),
    );
  });

  it('follows the encoding that XML declares', () => {
    for (const encoding of ['ISO-8859-1', 'windows-1252', 'latin1']) {
      expect(decodeText(Buffer.from(xml(encoding), 'latin1'), { xml: true })).toEqual({ text: xml(encoding) });
    }
    expect(decodeText(Buffer.from(xml('utf-8')), { xml: true })).toEqual({ text: xml('utf-8') });
    expect(decodeText(Buffer.from(xml('utf-16')), { xml: true })).toEqual({ text: xml('utf-16') });
    const known = xml('koi8-r').replace('é', '\xc1');
    expect(decodeText(Buffer.from(known, 'latin1'), { xml: true }).text).toContain('<a>а</a>');
  });

  it('loses no byte of other texts, and reports where they begin', () => {
    expect(decodeText(Buffer.from('a\nb é\nc', 'latin1'))).toEqual({
      text: 'a\nb é\nc',
      fault: 'line 2 is not UTF-8: the file is read as windows-1252',
    });
    expect(decodeText(Buffer.from(xml('x-none')), { xml: true })).toEqual({
      text: xml('x-none'),
      fault: 'the encoding x-none is not known: it is read as UTF-8',
    });
  });
});
