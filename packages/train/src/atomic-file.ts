/**
 * Files that appear complete or not at all. npm's write-file-atomic 8.0.0 and atomically 2.1.1 write such files too,
 * but they do not force the rename to disk, so a power cut can undo it, and the names of their temporary files do not
 * say which process wrote them, so the leftovers of a killed process could not be told from a file that a running one
 * is writing.
 */
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { temporaryNames, temporaryNameWriter } from '@dn-detr/data';
import { UserError } from './user-error.ts';

/**
 * Writes a temporary file in the same folder, forces it to disk, then renames it. If the process is killed at any
 * moment, either the old file or the new one is there.
 *
 * @param forced whether to wait until the file is on disk, as by default; false is faster, but the file may be damaged
 *   if power fails
 * @throws UserError if the disk is full or the folder cannot be written to; the previous file stays
 */
export function writeAtomically(
  file: string,
  contents: Uint8Array | string,
  { forced = true }: { readonly forced?: boolean } = {},
): void {
  const folder = path.dirname(file);
  let beside: string | undefined;
  try {
    const created = createBeside(file);
    beside = created.beside;
    try {
      const bytes = typeof contents === 'string' ? Buffer.from(contents) : contents;
      for (let written = 0; written < bytes.length; ) written += writeSync(created.handle, bytes, written);
      if (forced) fsyncSync(created.handle);
    } finally {
      closeSync(created.handle);
    }
    renameSync(beside, file);
    if (forced) syncFolder(folder);
  } catch (error) {
    try {
      if (beside !== undefined) rmSync(beside, { force: true });
    } catch {
      // The first error is the one to report.
    }
    throw unwritable(file, error);
  }
}

/** Creates a file in the same folder under a name that no other process uses. */
function createBeside(file: string): { readonly beside: string; readonly handle: number } {
  let taken: unknown;
  for (const name of temporaryNames(path.basename(file))) {
    const beside = path.join(path.dirname(file), name);
    try {
      return { beside, handle: openSync(beside, 'wx') };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      taken = error;
    }
  }
  throw taken;
}

/**
 * Removes temporary files that killed processes have left. If a name was too short to identify the process, the file is
 * removed if it is older than this process.
 *
 * @throws UserError if one cannot be removed
 */
export function removeLeftovers(folder: string): void {
  const begun = Date.now() - 1000 * process.uptime();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const writer = temporaryNameWriter(entry.name);
    if (writer === undefined || !entry.isFile()) continue;
    const file = path.join(folder, entry.name);
    // An earlier process may have had this one's id.
    const left = writer === 'unknown' ? changedBefore(file, begun) : writer === process.pid || !isRunning(writer);
    if (left) removeFile(file);
  }
}

/**
 * Whether a file was last changed before a time.
 *
 * @param time milliseconds since 1970
 */
function changedBefore(file: string, time: number): boolean {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats !== undefined && stats.mtimeMs < time;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Removes a file if it exists.
 *
 * @throws UserError if it exists and cannot be removed
 */
export function removeFile(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    throw unwritable(file, error);
  }
}

/** Forces a rename to disk; not every system supports this for folders. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    fsyncSync(handle);
    closeSync(handle);
  } catch {}
}

const room = 'Make room, then do the same again; a run can be resumed';
const place = 'Choose another place, or make this one writable';
const name = 'Choose another path';

/** Cause and advice for each system error code. */
const causes: Readonly<Record<string, readonly [cause: string, advice: string]>> = {
  ENOSPC: ['the disk is full', room],
  EDQUOT: ['your quota is used up', room],
  EROFS: ['the file system is read-only', place],
  EACCES: ['you may not write there', place],
  EPERM: ['you may not write there', place],
  ENOTDIR: ['a part of its path is a file', name],
  EISDIR: ['it is a folder', name],
  ENAMETOOLONG: ['its name is too long for the file system', 'Choose a shorter one'],
};

/** The user's message for a failed write. */
export function unwritable(file: string, error: unknown): UserError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const [cause, advice] = causes[code] ?? [message, place];
  return new UserError(`${file} cannot be written: ${cause}. What was there before is untouched. ${advice}`, {
    cause: error,
  });
}
