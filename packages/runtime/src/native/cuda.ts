/** Places NVIDIA's libraries where TensorFlow looks for them: in `nvidia/PART/lib` next to its own folder. */
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Report } from '../wheel/report.ts';
import { unpackMembers } from '../wheel/unpack.ts';
import { downloadWheel } from '../wheel/wheel.ts';
import { findDamage, replaceFolder, wheelFile, writeManifest } from './cache.ts';
import type { CudaWheel } from './cuda-wheels.ts';
import type { TensorFlowWheel } from './wheel.ts';

/** Folder of a wheel's libraries, next to TensorFlow's folder. */
const partFolder = (folder: string, { part }: CudaWheel): string => path.join(path.dirname(folder), 'nvidia', part);

/**
 * Links below `nvidia` for libraries that are looked for where no wheel has them. TensorFlow opens cuSOLVER from a library
 * that has a search path to cuBLAS alone. cuDNN looks for nvrtc in `nvrtc`, but the wheel's folder is `cuda_nvrtc`; it says
 * nothing when it does not find it, and goes without the kernels that it would have compiled.
 */
const links = [
  { at: 'cublas/lib/libcusolver.so.11', to: '../../cusolver/lib/libcusolver.so.11' },
  { at: 'nvrtc', to: 'cuda_nvrtc' },
] as const;

const linkFile = (folder: string, at: string): string => path.join(path.dirname(folder), 'nvidia', at);

/**
 * Describes what is wrong with the libraries next to TensorFlow's folder; undefined when they can be used or none are
 * needed.
 */
export async function findCudaDamage(folder: string, { cuda = [] }: TensorFlowWheel): Promise<string | undefined> {
  for (const wheel of cuda) {
    const damage = await findDamage(partFolder(folder, wheel));
    if (damage !== undefined) return `${wheel.part}: ${damage}`;
  }
  const broken = links.find(({ at }) => !existsSync(linkFile(folder, at)));
  return cuda.length === 0 || broken === undefined ? undefined : `the link nvidia/${broken.at} is missing`;
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
    const file = wheelFile(wheel, cache);
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
  for (const { at, to } of links) {
    const link = linkFile(folder, at);
    await rm(link, { recursive: true, force: true });
    await symlink(to, link);
  }
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
