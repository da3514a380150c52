/** Removes what set-up has brought of native TensorFlow: gigabytes, with CUDA. */
import { existsSync } from 'node:fs';
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
  // A set-up that is at work is waited for.
  for (const folder of [tensorflowCpu, tensorflowGpu].map((wheel) => nativeFolder(wheel, cache))) {
    // It would be made for the lock, to be found below.
    if (!existsSync(path.dirname(folder))) continue;
    await withLock(
      folder,
      () => report.step('another set-up is at work on native TensorFlow; waiting for it'),
      async () => {},
    );
  }
  const names = existsSync(cache) ? (await readdir(cache)).filter(isOurs) : [];
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
