/**
 * The user's cache of native libraries: one copy for all checkouts, checked before use and always replaced as a unit.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../wheel/cache-folder.ts';
import { sha256 } from '../wheel/sha256.ts';
import type { Wheel } from '../wheel/wheel.ts';
import type { TensorFlowWheel } from './wheel.ts';

/** The files that a provisioned folder must contain. */
interface Manifest {
  files: Record<string, { size: number; sha256: string; mtimeMs: number }>;
}

/**
 * Version of the folder's layout: raise it when the layout changes. Modules built from sources that change are not in
 * the manifest.
 */
const layoutVersion = 2;

/**
 * Folder of one wheel's libraries and of the modules built against them. With CUDA it is a subfolder of the version's
 * folder, which also has NVIDIA's libraries.
 */
export function nativeFolder({ distribution, version, cuda }: TensorFlowWheel, cache = cacheFolder()): string {
  const folder = path.join(cache, `${distribution}-${version}-v${layoutVersion}`);
  return cuda === undefined ? folder : path.join(folder, 'tensorflow');
}

/** Where a wheel lies until it is unpacked. A file that is there is whole. */
export const wheelFile = ({ distribution, version }: Wheel, cache: string): string =>
  path.join(cache, `${distribution}-${version}.whl`);

/** The manifest of a provisioned folder; undefined where there is none that can be read. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

/**
 * Writes the manifest of a freshly filled folder.
 *
 * @param names paths of the files, relative to the folder.
 */
export async function writeManifest(folder: string, names: readonly string[]): Promise<void> {
  const files: Manifest['files'] = {};
  for (const name of names) {
    const file = path.join(folder, name);
    const { size, mtimeMs } = await stat(file);
    files[name] = { size, mtimeMs, sha256: await sha256(file) };
  }
  const manifest: Manifest = { files };
  await writeFile(path.join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Describes what is wrong with a provisioned folder; undefined when it can be used.
 * Sizes and modification times (to the millisecond) are compared; contents are hashed when a time differs or `thorough`
 * is set.
 */
export async function findDamage(folder: string, thorough = false): Promise<string | undefined> {
  const manifest = await readManifest(folder);
  if (manifest === undefined) return 'nothing provisioned yet';
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = path.join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found === undefined) return `${name} is missing`;
    if (found.size !== expected.size) return `${name} has ${found.size} bytes instead of ${expected.size}`;
    if (!thorough && found.mtimeMs === expected.mtimeMs) continue;
    if ((await sha256(file)) !== expected.sha256) return `${name} has changed since it was unpacked`;
  }
  return undefined;
}

/**
 * Fills `folder` through `fill(staging)` and moves it into place as a unit; leftovers of killed set-ups are removed.
 * Call it inside `withLock`.
 */
export async function replaceFolder(folder: string, fill: (staging: string) => Promise<void>): Promise<void> {
  const parent = path.dirname(folder);
  const name = path.basename(folder);
  for (const entry of await readdir(parent)) {
    if (entry.startsWith(`${name}.staging`) || entry.startsWith(`${name}.old`)) {
      await rm(path.join(parent, entry), { recursive: true, force: true });
    }
  }
  const staging = `${folder}.staging`;
  await mkdir(staging);
  try {
    await fill(staging);
    // A process that has the old libraries mapped keeps them: they are moved away, not overwritten.
    await rename(folder, `${folder}.old`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
    await rm(`${folder}.old`, { recursive: true, force: true });
  }
}
