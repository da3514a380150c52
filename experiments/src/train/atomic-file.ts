/** Files that appear whole or not at all. */
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../user-error.ts';

/**
 * Writes beside the file, makes sure it is on the disk, then takes the file's place. Killed at any moment, the old file or
 * the new one is there.
 *
 * @throws UserError if the disk is full or the folder cannot be written to; what was there before stays
 */
export function writeAtomically(file: string, contents: Uint8Array | string): void {
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`);
  try {
    const handle = openSync(beside, 'w');
    try {
      const bytes = typeof contents === 'string' ? Buffer.from(contents) : contents;
      for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(beside, file);
    syncFolder(path.dirname(file));
  } catch (error) {
    try {
      rmSync(beside, { force: true });
    } catch {
      // What went wrong first is what to tell.
    }
    throw unwritable(file, error);
  }
}

/**
 * Removes files that processes were writing when they were killed.
 *
 * @throws UserError if one cannot be removed
 */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const writer = Number(/^\..+\.(\d+)\.tmp$/.exec(name)?.[1]);
    // A process of this number may have been another one.
    if (writer === process.pid || (writer > 0 && !isRunning(writer))) removeFile(path.join(folder, name));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** @throws UserError if the file is there and cannot be removed */
export function removeFile(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    throw unwritable(file, error);
  }
}

/** Makes a rename last; not every system can do that to a folder. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    fsyncSync(handle);
    closeSync(handle);
  } catch {}
}

const room = 'Make room, then give the same command again, to train with --resume';
const place = 'Choose another place, or make this one writable';
const name = 'Choose another path';

/** By the system's code: what went wrong, and what to do. */
const causes: Readonly<Record<string, readonly [cause: string, advice: string]>> = {
  ENOSPC: ['the disk is full', room],
  EDQUOT: ['your quota is used up', room],
  EROFS: ['the file system is read-only', place],
  EACCES: ['you may not write there', place],
  EPERM: ['you may not write there', place],
  ENOTDIR: ['a part of its path is a file', name],
  EISDIR: ['it is a folder', name],
};

/** What went wrong when a file was written, for people. */
export function unwritable(file: string, error: unknown): UserError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const [cause, advice] = causes[code] ?? [message, place];
  return new UserError(`${file} cannot be written: ${cause}. What was there before is untouched. ${advice}`, {
    cause: error,
  });
}
