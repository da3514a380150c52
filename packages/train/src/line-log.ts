/** Logs of one JSON object a line, such as `metrics.jsonl`, written in blocks of whole lines. */
import { appendFileSync } from 'node:fs';
import { unwritable, writeAtomically } from './atomic-file.ts';
import { readJsonLines } from './json-files.ts';

/** A line of a log; all have the step after which it was written. */
export interface LogLine {
  readonly step: number;
}

/** Appends lines to a file; what is not flushed is lost with the process. */
export class LineLog<Line extends LogLine> {
  readonly #file: string;
  #pending = '';

  /**
   * Goes on after `step`: lines of later steps, which a killed run wrote after its last checkpoint, are cut off.
   *
   * @throws UserError if the file cannot be read or written
   */
  constructor(file: string, step: number) {
    this.#file = file;
    const kept = readJsonLines<Line>(file).filter((line) => line.step <= step);
    writeAtomically(file, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  add(line: Line): void {
    this.#pending += `${JSON.stringify(line)}\n`;
  }

  /** @throws UserError if the disk is full */
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
