/** Lets only one process at a time use the folder of a run. */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FolderError } from './user-error.ts';

/**
 * Reserves a folder for this process, against others on the same machine, until it is released or the process ends for
 * any reason: the lock is a socket, which the system closes with its process.
 *
 * @param patience milliseconds to wait for another process to end.
 * @returns a function that releases the folder
 * @throws FolderError if another process still holds the folder after that time
 */
export async function holdFolder(folder: string, patience: number): Promise<() => void> {
  const address = addressOf(existsSync(folder) ? realpathSync(folder) : path.resolve(folder));
  const end = Date.now() + patience;
  for (;;) {
    const held = await listen(address);
    if (held !== 'taken') return held;
    if (!(await isAnswered(address))) rmSync(address, { force: true });
    else if (Date.now() > end) {
      throw new FolderError(
        `${folder} is being trained by another process: wait until it has finished, or name another folder`,
      );
    } else await sleep(100);
  }
}

function addressOf(folder: string): string {
  const name = `dn-detr-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : path.join(os.tmpdir(), `${name}.sock`);
}

function listen(address: string): Promise<'taken' | (() => void)> {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => socket.destroy());
    server.unref();
    // Where no socket can be created, the run continues without this protection.
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EADDRINUSE' ? 'taken' : () => {}));
    server.listen(address, () => resolve(() => void server.close()));
  });
}

/** Whether a process listens at this address, as opposed to a socket file left over from a process that was killed. */
function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}
