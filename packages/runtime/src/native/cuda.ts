/** Lays out NVIDIA's libraries where TensorFlow looks for them: in `nvidia/PART/lib` beside its own folder. */
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Report } from '../wheel/report.ts';
import { unpackMembers } from '../wheel/unpack.ts';
import { downloadWheel } from '../wheel/wheel.ts';
import { findDamage, replaceFolder, writeManifest } from './cache.ts';
import type { CudaWheel } from './cuda-wheels.ts';
import type { TensorFlowWheel } from './wheel.ts';

/** Where the libraries of a wheel lie beside TensorFlow's folder. */
const partFolder = (folder: string, { part }: CudaWheel): string => path.join(path.dirname(folder), 'nvidia', part);

/**
 * TensorFlow opens this library from a folder that has no search path to it, but one to cuBLAS's: a link there leads to it.
 */
const cusolver = 'libcusolver.so.11';
const linkFile = (folder: string): string => path.join(path.dirname(folder), 'nvidia', 'cublas', 'lib', cusolver);

/**
 * Describes what is wrong with the libraries beside TensorFlow's folder; undefined when they can be used, or none are
 * needed.
 */
export async function findCudaDamage(folder: string, { cuda = [] }: TensorFlowWheel): Promise<string | undefined> {
  for (const wheel of cuda) {
    const damage = await findDamage(partFolder(folder, wheel));
    if (damage !== undefined) return `${wheel.part}: ${damage}`;
  }
  return cuda.length === 0 || existsSync(linkFile(folder)) ? undefined : `the link to ${cusolver} is missing`;
}

/** The wheels whose libraries are missing or damaged. `thorough` hashes them. */
export async function missingCuda(folder: string, cuda: readonly CudaWheel[], thorough: boolean): Promise<CudaWheel[]> {
  const missing: CudaWheel[] = [];
  for (const wheel of cuda)
    if ((await findDamage(partFolder(folder, wheel), thorough)) !== undefined) missing.push(wheel);
  return missing;
}

/**
 * Brings libraries, one wheel after the other: what is there when it is stopped need not be brought again. Call it inside
 * `withLock`.
 *
 * @param cache where wheels are kept while they are unpacked
 * @throws Error when a wheel cannot be had
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
          throw new Error(`${path.basename(file)} holds no libraries in nvidia/${wheel.part}/lib`);
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

/** Libraries keep their place; the licence stays beside them. */
function destinationOf(member: string, { part }: CudaWheel, folder: string): string | undefined {
  const prefix = `nvidia/${part}/`;
  if (member.startsWith(`${prefix}lib/`) && /\.so(\.|$)/.test(member))
    return path.join(folder, member.slice(prefix.length));
  return /\.dist-info\/(licenses\/)?License\.txt$/.test(member) ? path.join(folder, 'License.txt') : undefined;
}
