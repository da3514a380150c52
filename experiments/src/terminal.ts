/**
 * The terminal of a command, which it writes to and ends with: the process's own in `cli.ts`, kept in memory in tests.
 */
import type { WriteStream } from 'node:tty';

/** A stream that may be a terminal: bars are drawn on one, elsewhere a line is written now and then. */
export type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

export interface Terminal {
  /** Takes only results, so that these can be piped. */
  readonly out: Output;
  /** Takes notices, progress and errors. */
  readonly err: Output;
  /** Arguments that were typed after `npm start --`. */
  readonly args: readonly string[];
  /** 0 until a command sets it: 1 where a part of its work failed, 130 where it was stopped. */
  exitCode: number;
}
