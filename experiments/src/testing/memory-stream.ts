/** A stream whose text tests look at. */
import { Writable } from 'node:stream';

export class MemoryStream extends Writable {
  /** Text written so far. */
  text = '';
  readonly isTTY?: boolean;
  readonly columns?: number;

  /** @param columns makes it stand in for a terminal of this width */
  constructor(columns?: number) {
    // Text stays text: a chunk of bytes could end within a character.
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
