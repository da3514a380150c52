import { Writable } from 'node:stream';

/** A stream that keeps its text in memory, for tests. */
export class MemoryStream extends Writable {
  /** The text written so far. */
  text = '';
  readonly isTTY?: boolean;
  readonly columns?: number;

  /** @param columns - If given, the stream looks like a terminal of this width. */
  constructor(columns?: number) {
    // Strings are not converted to bytes, since a chunk of bytes could end within a character.
    super({ decodeStrings: false });
    if (columns === undefined) return;
    this.isTTY = true;
    this.columns = columns;
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    this.text += text;
    done();
  }
}
