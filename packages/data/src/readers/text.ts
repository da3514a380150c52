/** Text files in the encodings that annotation tools write. */
import { isUtf8 } from 'node:buffer';
import fs from 'node:fs';

export interface DecodedText {
  /** The text without a byte order mark. */
  readonly text: string;
  /** A description of any fault in the encoding, and of how the text was read. */
  readonly fault?: string;
}

/** Encoding of bytes that are not UTF-8, as in browsers. */
const fallback = 'windows-1252';

/**
 * Decodes UTF-8, UTF-16 with a byte order mark, and for XML the encoding declared in its first line. Other bytes are
 * read as windows-1252, so that none is lost.
 */
export function decodeText(bytes: Buffer, { xml = false } = {}): DecodedText {
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) return { text: new TextDecoder(utf16).decode(bytes) };
  const declared = xml ? declaredEncoding(bytes) : undefined;
  if (declared !== undefined && !/^utf-?(?:8|16.*)$/i.test(declared)) {
    try {
      return { text: new TextDecoder(declared).decode(bytes) };
    } catch {
      const fault = `the encoding ${declared} is not known: it is read as ${isUtf8(bytes) ? 'UTF-8' : fallback}`;
      return { text: decodeUnknown(bytes).text, fault };
    }
  }
  return decodeUnknown(bytes);
}

function decodeUnknown(bytes: Buffer): DecodedText {
  if (isUtf8(bytes)) return { text: new TextDecoder().decode(bytes) };
  let [line, start] = [1, 0];
  for (;;) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) break;
    [line, start] = [line + 1, end + 1];
  }
  return {
    text: new TextDecoder(fallback).decode(bytes),
    fault: `line ${line} is not UTF-8: the file is read as ${fallback}`,
  };
}

/** The UTF-16 encoding that the byte order mark indicates. */
export function utf16Of(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

function declaredEncoding(bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, 200);
  return /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/i.exec(start)?.[1];
}

/** The lines of a file without surrounding spaces, numbered from 1; none if it cannot be read. */
export function readLines(file: string): { readonly line: number; readonly text: string }[] {
  let text: string;
  try {
    text = decodeText(fs.readFileSync(file)).text;
  } catch {
    return [];
  }
  return text.split(/\r\n|\r|\n/).map((written, n) => ({ line: n + 1, text: written.trim() }));
}
