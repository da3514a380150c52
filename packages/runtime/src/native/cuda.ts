/** Places NVIDIA's libraries where TensorFlow looks for them: in `nvidia/PART/lib` next to its own folder. */
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Report } from '../wheel/report.ts';
import { unpackMembers } from '../wheel/unpack.ts';
import { downloadWheel } from '../wheel/wheel.ts';
import { findDamage, replaceFolder, writeManifest } from './cache.ts';
import type { CudaWheel } from './cuda-wheels.ts';
import type { TensorFlowWheel } from './wheel.ts';

/** Folder of a wheel's libraries, next to TensorFlow's folder. */
const partFolder = (folder: string, { part }: CudaWheel): string => path.join(path.dirname(folder), 'nvidia', part);

/**
 * TensorFlow opens this library from a folder whose search path does not reach it, but does reach cuBLAS's folder: a
 * link is placed there.
 */
const cusolver = 'libcusolver.so.11';
const linkFile = (folder: string): string => path.join(path.dirname(folder), 'nvidia', 'cublas', 'lib', cusolver);

/**
 * Describes what is wrong with the libraries next to TensorFlow's folder; undefined when they can be used or none are
 * needed.
 */
export async function findCudaDamage(folder: string, { cuda = [] }: TensorFlowWheel): Promise<string | undefined> {
  for (const wheel of cuda) {
    const damage = await findDamage(partFolder(folder, wheel));
    if (damage !== undefined) return `${wheel.part}: ${damage}`;
  }
  return cuda.length === 0 || existsSync(linkFile(folder)) ? undefined : `the link to ${cusolver} is missing`;
}

/** The wheels whose libraries are missing or damaged. `thorough` checks their hashes. */
export async function missingCuda(folder: string, cuda: readonly CudaWheel[], thorough: boolean): Promise<CudaWheel[]> {
  const missing: CudaWheel[] = [];
  for (const wheel of cuda)
    if ((await findDamage(partFolder(folder, wheel), thorough)) !== undefined) missing.push(wheel);
  return missing;
}

/**
 * Downloads and unpacks libraries, one wheel after the other, so that an interrupted set-up keeps those it has
 * finished. Call it inside `withLock`.
 *
 * @param cache folder for the wheels while they are unpacked.
 * @throws Error when a wheel cannot be downloaded or unpacked
 */
export async function layOutCuda(
  folder: string,
  missing: readonly CudaWheel[],
  { cache, report }: { cache: string; report: Report },
): Promise<void> {
  await mkdir(path.join(path.dirname(folder), 'nvidia'), { recursive: true });
  for (const wheel of missing) {
    const file = path.join(cache, `${wheel.distribution}-${wheel.version}.whl`);
    await downloadWheel(wheel, file, report);
    await replaceFolder(partFolder(folder, wheel), async (staging) => {
      const progress = report.progress(`unpacking ${wheel.distribution}`, wheel.unpackedBytes);
      try {
        const members = await unpackMembers(file, (member) => destinationOf(member, wheel, staging), progress.update);
        const libraries = members.filter((member) => member.startsWith('nvidia/'));
        if (libraries.length === 0)
          throw new Error(`${path.basename(file)} contains no libraries in nvidia/${wheel.part}/lib`);
        await writeManifest(
          staging,
          libraries.map((library) => path.posix.relative(`nvidia/${wheel.part}`, library)),
        );
        progress.done();
      } finally {
        progress.stop();
      }
    });
    await rm(file, { force: true });
  }
  const link = linkFile(folder);
  await rm(link, { force: true });
  await symlink(path.join('..', '..', 'cusolver', 'lib', cusolver), link);
}

/**
 * Destination of a wheel's member: libraries keep their relative path, and the licence is stored with them; undefined
 * for the rest.
 */
function destinationOf(member: string, { part }: CudaWheel, folder: string): string | undefined {
  const prefix = `nvidia/${part}/`;
  if (member.startsWith(`${prefix}lib/`) && /\.so(\.|$)/.test(member))
    return path.join(folder, member.slice(prefix.length));
  return /\.dist-info\/(licenses\/)?License\.txt$/.test(member) ? path.join(folder, 'License.txt') : undefined;
}
