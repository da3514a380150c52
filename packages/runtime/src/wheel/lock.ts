/** Lets only one process at a time fetch files that all of them use. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import lockfile from 'proper-lockfile';

/**
 * Runs `work` while holding the lock of a file or folder, which need not exist yet; no other process can hold it
 * meanwhile.
 *
 * @param onWait called once if the lock is taken and has to be waited for.
 */
export async function withLock<T>(target: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(path.dirname(target), { recursive: true });
  const options = { realpath: false, stale: 15_000, update: 3_000 };
  const release = await lockfile.lock(target, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ELOCKED') throw error;
    onWait();
    return lockfile.lock(target, {
      ...options,
      retries: { forever: true, factor: 1, minTimeout: 500, maxTimeout: 500 },
    });
  });
  try {
    return await work();
  } finally {
    await release();
  }
}
