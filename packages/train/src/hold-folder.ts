/** One process at a time for the folder of a run. */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FolderError } from './user-error.ts';

/**
 * Holds a folder against other processes of this machine until it is released or the process ends, however it ends: what
 * is held is a socket, which dies with its process.
 *
 * @param patience milliseconds that another process is given to end
 * @returns releases it
 * @throws FolderError if another process holds it and goes on
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
        `${folder} is being trained by another process: wait until that is done, or name another folder`,
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
    // Where no socket can be made, a run goes on unguarded.
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EADDRINUSE' ? 'taken' : () => {}));
    server.listen(address, () => resolve(() => void server.close()));
  });
}

/** Whether a process listens, and not only the name of one that was killed is left. */
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
