/** Writes the scalars of a run for TensorBoard, which reads them during the run. */
import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { unwritable } from '../atomic-file.ts';
import { type EventMessage, encodeEvent, sessionStart } from './event.ts';
import { record } from './record.ts';

/** An open event file. */
export interface EventFile {
  /**
   * Logs values by tag; the part of a tag before a `/` is the section in which it is shown. Values are kept until the
   * next `flush`.
   *
   * @param wallTime milliseconds since 1970
   */
  scalars(step: number, wallTime: number, values: Readonly<Record<string, number>>): void;
  /**
   * Writes the logged values. If the process is killed at any moment, the file is readable up to its last complete
   * record.
   *
   * @throws UserError if the disk is full; the values are kept, and the next flush tries again
   */
  flush(): void;
  /** Flushes, and closes the file even if that fails. */
  close(): void;
}

/**
 * Starts a new event file next to those of earlier starts of the same run.
 *
 * @param folder an existing folder; TensorBoard shows the run under its name
 * @param startStep the first step that will be logged: TensorBoard drops this and later steps of earlier files
 * @throws UserError if the folder cannot be written to
 */
export function openEventFile(folder: string, startStep: number): EventFile {
  let file = folder;
  const writing = <T>(write: () => T): T => {
    try {
      return write();
    } catch (error) {
      throw unwritable(file, error);
    }
  };
  const handle = writing(() => {
    file = path.join(folder, nextName(folder));
    return openSync(file, 'wx');
  });
  let size = 0;
  let pending: Uint8Array[] = [];
  const log = (event: EventMessage): void => {
    pending.push(record(encodeEvent(event)));
  };
  const flush = (): void => {
    const bytes = Buffer.concat(pending);
    // At an explicit position, so that a flush that failed midway is overwritten with the same bytes.
    for (let written = 0; written < bytes.length; ) {
      written += writing(() => writeSync(handle, bytes, written, bytes.length - written, size + written));
    }
    size += bytes.length;
    pending = [];
  };
  const close = (): void => {
    try {
      flush();
    } finally {
      closeSync(handle);
    }
  };

  const now = Date.now() / 1000;
  log({ wallTime: now, fileVersion: 'brain.Event:2' });
  log({ wallTime: now, step: startStep, sessionLog: { status: sessionStart } });
  try {
    flush();
  } catch (error) {
    closeSync(handle);
    throw error;
  }
  return {
    scalars(step, wallTime, values) {
      const value = Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue }));
      log({ wallTime: wallTime / 1000, step, summary: { value } });
    },
    flush,
    close,
  };
}

/**
 * A file name that sorts after all existing ones, whatever the clock says, since TensorBoard reads files in the order
 * of their names.
 */
function nextName(folder: string): string {
  const earlier = readdirSync(folder).map((name) => Number(/^events\.out\.tfevents\.(\d+)\./.exec(name)?.[1] ?? 0));
  const seconds = Math.max(Math.floor(Date.now() / 1000), ...earlier.map((started) => started + 1));
  return `events.out.tfevents.${seconds}.${os.hostname()}.${process.pid}`;
}
