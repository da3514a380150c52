/** Removes what set-up has installed for native TensorFlow: gigabytes, with CUDA. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../wheel/cache-folder.ts';
import { withLock } from '../wheel/lock.ts';
import type { Report } from '../wheel/report.ts';
import { nativeFolder } from './cache.ts';
import { tensorflowCpu, tensorflowGpu } from './wheel.ts';

/**
 * Matches libraries of any version, wheels that were not completely unpacked, and native ops built for the stock
 * libraries.
 */
const isOurs = (name: string): boolean => /^(tensorflow(-cpu)?-\d|nvidia-.*\.whl|stock-ops$)/.test(name);

/**
 * Removes native TensorFlow from the cache.
 *
 * @param cache the cache folder; features and the weights of pretrained backbones stay in it.
 */
export async function cleanNative(report: Report, cache = cacheFolder()): Promise<void> {
  // Wait for a set-up that is running.
  for (const wheel of [tensorflowCpu, tensorflowGpu]) {
    await withLock(
      nativeFolder(wheel, cache),
      () => report.step('another process is setting up native TensorFlow; waiting for it'),
      async () => {},
    );
  }
  const names = (await readdir(cache)).filter(isOurs);
  let bytes = 0;
  for (const name of names) {
    const folder = path.join(cache, name);
    bytes += await bytesIn(folder);
    await rm(folder, { recursive: true, force: true });
  }
  const size = `${(bytes / 1e9).toFixed(2)} GB`;
  report.step(
    names.length === 0
      ? `${cache} contains no TensorFlow that set-up has installed`
      : `removed ${size} from ${cache}: ${names.join(', ')}`,
  );
}

async function bytesIn(file: string): Promise<number> {
  const info = await stat(file);
  if (!info.isDirectory()) return info.size;
  const entries = await readdir(file, { withFileTypes: true });
  const sizes = await Promise.all(
    entries.map((entry) => (entry.isSymbolicLink() ? 0 : bytesIn(path.join(file, entry.name)))),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
