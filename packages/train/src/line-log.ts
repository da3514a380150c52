/** Logs with one JSON object on each line, such as `metrics.jsonl`, written in blocks of complete lines. */
import { appendFileSync } from 'node:fs';
import { unwritable, writeAtomically } from './atomic-file.ts';
import { readJsonLines } from './json-files.ts';

/** A line of a log, with the step after which it was written. */
export interface LogLine {
  readonly step: number;
}

/** Appends lines to a file; lines that are not flushed are lost if the process dies. */
export class LineLog<Line extends LogLine> {
  readonly #file: string;
  #pending = '';

  /**
   * Continues after `step`: lines of later steps, which a killed run wrote after its last checkpoint, are removed.
   *
   * @throws UserError if the file cannot be read or written
   */
  constructor(file: string, step: number) {
    this.#file = file;
    const kept = readJsonLines<Line>(file).filter((line) => line.step <= step);
    writeAtomically(file, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  /** Adds a line; `flush` writes it. */
  add(line: Line): void {
    this.#pending += `${JSON.stringify(line)}\n`;
  }

  /**
   * Writes the lines added since the last flush.
   *
   * @throws UserError if the disk is full
   */
  flush(): void {
    if (this.#pending === '') return;
    try {
      appendFileSync(this.#file, this.#pending);
    } catch (error) {
      throw unwritable(this.#file, error);
    }
    this.#pending = '';
  }
}
