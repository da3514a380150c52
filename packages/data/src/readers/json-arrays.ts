/**
 * Reads the arrays in one big JSON object element by element, so that a file of any size can be read: a string holds at
 * most 512 MB in V8, and the parsed polygons of COCO by themselves take gigabytes.
 *
 * stream-json 3.8.0 reads such files as well. It takes five times the processor time (6.3 s against 1.2 s for a file of
 * 95 MB with 150,000 annotations), because `JSON.parse` never sees a complete element, and it supports neither NaN nor
 * the digits of long ids, nor the line and column that a message needs.
 */
import { isUtf8 } from 'node:buffer';
import fs from 'node:fs';
import { TextDecoder } from 'node:util';
import { DataError } from '../error.ts';
import { decodeText, utf16Of } from './text.ts';

type ElementHandler = (element: unknown, index: number) => void;

/**
 * Calls the handler of each array in the file's object for its elements, in order; other keys are skipped. A bare NaN
 * or Infinity, as Python writes them, becomes that number, and an id beyond 2⁵³ a bigint.
 *
 * @param name name of the file, for messages
 * @param report called for the first element that is not UTF-8
 * @returns the keys of the object
 * @throws DataError with line and column if the file cannot be read, is cut off or is not JSON, or the value of a key
 *   that has a handler is not an array
 */
export async function readJsonArrays(
  file: string,
  name: string,
  handlers: Readonly<Record<string, ElementHandler>>,
  report: (field: string, message: string) => void = () => {},
): Promise<ReadonlySet<string>> {
  const scanner = new Scanner(name, new Map(Object.entries(handlers)), report);
  let first = true;
  let decoder: TextDecoder | undefined;
  try {
    for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 22 })) {
      const bytes = chunk as Buffer;
      const utf16 = first ? utf16Of(bytes) : undefined;
      if (utf16 !== undefined) decoder = new TextDecoder(utf16);
      first = false;
      scanner.push(decoder === undefined ? bytes : Buffer.from(decoder.decode(bytes, { stream: true })));
    }
  } catch (error) {
    if (error instanceof DataError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new DataError(`${name} cannot be read: ${(error as Error).message}`);
  }
  return scanner.end();
}

const [quote, comma, colon, backslash, newline] = [0x22, 0x2c, 0x3a, 0x5c, 0x0a];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
const byteOrderMark = [0xef, 0xbb, 0xbf];

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Far more than the largest mask needs: a longer element comes from a misplaced quotation mark. */
const longestElement = 1 << 26;

/** The token that the scanner expects next; inside a value, it only looks for the value's end. */
type Expected =
  | 'object'
  | 'first key'
  | 'key'
  | 'colon'
  | 'value'
  | 'first element'
  | 'element'
  | 'end of element'
  | 'end of value'
  | 'end of file';

/** A value whose end is being looked for. `JSON.parse` checks its content. */
interface OpenValue {
  readonly role: 'key' | 'element' | 'skipped';
  readonly line: number;
  readonly column: number;
  /** Nesting depth of brackets and braces; 0 in a bare string, number or word. */
  depth: number;
  inString: boolean;
  escaped: boolean;
  /** The parts of it in earlier chunks. */
  readonly parts: Buffer[];
  length: number;
}

/** Matches numbers that may be integers beyond 2⁵³, which JavaScript would round. */
const longInteger = /(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/;

/** Matches those and the numbers that JSON lacks; strings are matched so that they are skipped. */
const specialNumbers = new RegExp(`"(?:[^"\\\\]|\\\\.)*"|-?\\b(?:NaN|Infinity)\\b|${longInteger.source}`, 'g');

/**
 * Parses JSON as Python writes it: NaN and Infinity are numbers, and an id beyond 2⁵³ is a bigint with all its digits.
 *
 * @throws SyntaxError if it is not JSON otherwise
 */
function parsePythonJson(text: string): unknown {
  const marked = text.replaceAll(specialNumbers, (token) => (token.startsWith('"') ? token : `{"${mark}":"${token}"}`));
  return JSON.parse(marked, (key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !(mark in value)) return value;
    const token = String(value[mark]);
    const number = Number(token);
    const isLongId = Number.isInteger(number) && !Number.isSafeInteger(number) && /(?:^|_)id$/.test(key);
    return isLongId ? BigInt(token) : number;
  });
}

/** A key that does not occur in data. */
const mark = '\ue000number';

class Scanner {
  #expected: Expected = 'object';
  #value: OpenValue | undefined;
  #key = '';
  #index = 0;
  #reported = false;
  readonly #seen = new Set<string>();
  /** Bytes before this chunk, and the position of the current line's start among all bytes. */
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(
    readonly name: string,
    readonly handlers: ReadonlyMap<string, ElementHandler>,
    readonly report: (field: string, message: string) => void,
  ) {}

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.#value ? this.#inside(chunk, at, this.#value) : this.#between(chunk, at);
    this.#offset += chunk.length;
  }

  end(): ReadonlySet<string> {
    if (this.#offset === 0) throw new DataError(`${this.name} is empty: expected a JSON object`);
    if (this.#expected !== 'end of file') {
      const inElement = this.#value?.role === 'element' && ` in ${this.#key}[${this.#index}]`;
      const inside = inElement || (this.#key === '' ? '' : ` in or after ${this.#key}`);
      this.#fail(this.#offset, `the file ends${inside}: it is cut off; export or download it again`);
    }
    return this.#seen;
  }

  /** Looks for the end of the value and returns the position after it, or the end of the chunk. */
  #inside(chunk: Buffer, start: number, value: OpenValue): number {
    let { depth, inString, escaped } = value;
    let at = start;
    let ended = false;
    for (; at < chunk.length && !ended; at++) {
      const byte = chunk[at] as number;
      if (byte === newline) {
        this.#line++;
        this.#lineStart = this.#offset + at + 1;
      }
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) {
          inString = false;
          ended = depth === 0;
        }
      } else if (byte === quote) inString = true;
      else if (byte === openBrace || byte === openBracket) depth++;
      else if (byte === closeBrace || byte === closeBracket) {
        // A bare number or word ends before the bracket that closes its container.
        if (depth === 0) break;
        ended = --depth === 0;
      } else if (depth === 0 && (byte === comma || isSpace(byte))) break;
    }
    if (value.role !== 'skipped') {
      value.parts.push(chunk.subarray(start, at));
      value.length += at - start;
      if (value.length > longestElement) {
        this.#failAt(value, `${this.#key}[${this.#index}] is longer than 64 MiB: is a quotation mark missing?`);
      }
    }
    if (ended || at < chunk.length) {
      this.#value = undefined;
      this.#close(value);
    } else Object.assign(value, { depth, inString, escaped });
    return at;
  }

  #close(value: OpenValue): void {
    if (value.role === 'skipped') {
      this.#expected = 'end of value';
      return;
    }
    const [first, ...more] = value.parts as [Buffer, ...Buffer[]];
    const bytes = more.length === 0 ? first : Buffer.concat(value.parts);
    const text = isUtf8(bytes) ? bytes.toString('utf8') : this.#otherText(bytes, value);
    if (value.role === 'key') {
      this.#key = String(this.#parse(text, value, 'a key'));
      if (this.handlers.has(this.#key) && this.#seen.has(this.#key)) this.#failAt(value, `${this.#key} appears twice`);
      this.#seen.add(this.#key);
      this.#expected = 'colon';
    } else {
      const element = this.#parse(text, value, `${this.#key}[${this.#index}]`);
      this.handlers.get(this.#key)?.(element, this.#index++);
      this.#expected = 'end of element';
    }
  }

  #otherText(bytes: Buffer, { line }: OpenValue): string {
    if (!this.#reported) {
      const field = `${this.#key}[${this.#index}]`;
      this.report(field, `line ${line} is not UTF-8: it is read as windows-1252, like any others`);
    }
    this.#reported = true;
    return decodeText(bytes).text;
  }

  #parse(text: string, value: OpenValue, what: string): unknown {
    try {
      return longInteger.test(text) ? parsePythonJson(text) : JSON.parse(text);
    } catch {
      try {
        return parsePythonJson(text);
      } catch (error) {
        const reason = (error as Error).message.replaceAll(/\s+/g, ' ').slice(0, 120);
        return this.#failAt(value, `${what} is not valid JSON: ${reason}`);
      }
    }
  }

  /** Consumes one byte outside of keys, elements and skipped values, and returns the next position. */
  #between(chunk: Buffer, at: number): number {
    const byte = chunk[at] as number;
    if (byte === newline) {
      this.#line++;
      this.#lineStart = this.#offset + at + 1;
    }
    if (isSpace(byte)) return at + 1;
    const position = this.#offset + at;
    switch (this.#expected) {
      case 'object':
        if (position < 3 && byte === byteOrderMark[position]) return at + 1;
        if (byte === openBrace) return this.#then('first key', at);
        return this.#fail(position, 'expected a JSON object, { … }');
      case 'first key':
        if (byte === closeBrace) return this.#then('end of file', at);
        if (byte === quote) return this.#open('key', at);
        return this.#fail(position, 'expected a key or }');
      case 'key':
        if (byte === quote) return this.#open('key', at);
        return this.#fail(position, 'expected a key');
      case 'colon':
        if (byte === colon) return this.#then('value', at);
        return this.#fail(position, 'expected a colon');
      case 'value':
        if (!this.handlers.has(this.#key)) return this.#open('skipped', at);
        this.#index = 0;
        if (byte === openBracket) return this.#then('first element', at);
        return this.#fail(position, `${this.#key} is not a list: expected [ … ]`);
      case 'first element':
        if (byte === closeBracket) return this.#then('end of value', at);
        return this.#open('element', at);
      case 'element':
        return this.#open('element', at);
      case 'end of element':
        if (byte === comma) return this.#then('element', at);
        if (byte === closeBracket) return this.#then('end of value', at);
        return this.#fail(position, `expected a comma or ] after ${this.#key}[${this.#index - 1}]`);
      case 'end of value':
        if (byte === comma) return this.#then('key', at);
        if (byte === closeBrace) return this.#then('end of file', at);
        return this.#fail(position, `expected a comma or } after ${this.#key}`);
      case 'end of file':
        return this.#fail(position, 'expected nothing after the object');
    }
  }

  #then(expected: Expected, at: number): number {
    this.#expected = expected;
    return at + 1;
  }

  /** Starts a value at this byte, which is then read again as part of it. */
  #open(role: OpenValue['role'], at: number): number {
    this.#value = {
      role,
      line: this.#line,
      column: this.#offset + at - this.#lineStart + 1,
      depth: 0,
      inString: false,
      escaped: false,
      parts: [],
      length: 0,
    };
    return at;
  }

  #fail(position: number, message: string): never {
    return this.#failAt({ line: this.#line, column: position - this.#lineStart + 1 }, message);
  }

  #failAt({ line, column }: Pick<OpenValue, 'line' | 'column'>, message: string): never {
    throw new DataError(`${this.name}, line ${line}, column ${column}: ${message}`);
  }
}
