/** The streams and the exit code of a command: those of the process in `cli.ts`, kept in memory in tests. */
import type { WriteStream } from 'node:tty';

/** A stream that may be a terminal. Progress is a bar on a terminal, and occasional lines elsewhere. */
export type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

export interface Terminal {
  /** Takes only results, so that they can be piped. */
  readonly out: Output;
  /** Takes notices, progress and errors. */
  readonly err: Output;
  /** The arguments after `npm start --`. */
  readonly args: readonly string[];
  /** 0 until a command sets it to 1 because part of its work failed, or to 130 because it was stopped. */
  exitCode: number;
}
