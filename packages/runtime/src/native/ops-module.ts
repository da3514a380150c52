/**
 * The module of native ops: built once for each version of its sources, and kept with the libraries that it belongs to.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildModule, moduleFile, sourceFolder, sourcesIn } from './build.ts';
import { libraries } from './wheel.ts';

/**
 * Setting this variable to `off` keeps set-up from building native ops and the runtime from using them;
 * native/ops/simd.h reads its other values.
 */
const opsSwitch = 'DN_DETR_NATIVE_OPS';

/** Where a module of ops is, and what it is built against. */
export interface OpsPlace {
  /** Folder of the module. */
  folder: string;
  /** Folder of TensorFlow's headers. */
  include: string;
  libraryFolder: string;
}

/** A module that can be loaded, or the reason why there is none. */
export type OpsState = { file: string } | { file?: undefined; reason: string };

/**
 * No `-ffast-math`: results must not depend on how many samples the compiler vectorises, and NaN stays NaN. No
 * `-march`: the folder may be shared with other machines, and each function has variants for better processors.
 * `nodelete`: TensorFlow keeps pointers into the module, so it must stay loaded when the Node thread that loaded it
 * ends.
 */
const flags = ['-O3', '-fno-math-errno', '-fno-trapping-math', '-Wno-psabi', '-Wl,-z,nodelete'];

/** The module built from the current sources, or why there is none. Changes nothing. */
export function findOps({ folder }: OpsPlace): OpsState {
  const { [opsSwitch]: wanted = '' } = process.env;
  if (wanted === 'off') return { reason: `switched off (${opsSwitch}=off)` };
  if (!['', 'avx2', 'plain'].includes(wanted)) {
    return { reason: `${opsSwitch}=${wanted} is unknown: expected off, avx2 or plain` };
  }
  const file = opsFile(folder);
  if (existsSync(file)) return { file };
  const failure = failureFile(file);
  return { reason: existsSync(failure) ? readFileSync(failure, 'utf8') : 'not built yet: run `npm run setup`' };
}

/** Whether set-up has anything to build. `thorough` rebuilds the module, even where that failed before. */
export function opsAreToBuild({ folder }: OpsPlace, thorough: boolean): boolean {
  if (process.env[opsSwitch] === 'off') return false;
  const file = opsFile(folder);
  return thorough || !(existsSync(file) || existsSync(failureFile(file)));
}

/**
 * Builds the module. If it cannot be built or does not load, the reason is stored in its place. Call it inside
 * `withLock`.
 *
 * @param prove loads a module in a separate process; throws when that fails.
 */
export async function buildOps(place: OpsPlace, prove: (file: string) => Promise<void>): Promise<OpsState> {
  const { folder, libraryFolder } = place;
  const file = opsFile(folder);
  await mkdir(folder, { recursive: true });
  await rm(failureFile(file), { force: true });
  try {
    const files = sources().filter((source) => source.endsWith('.cc'));
    const include = [place.include];
    await buildModule({ include, libraryFolder, flags, files, libraries: [frameworkLibrary], output: file }, prove);
    return { file };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await writeFile(failureFile(file), reason);
    return { reason };
  }
}

/** The library with the C API for ops and kernels. */
const [, frameworkLibrary] = libraries;

const sources = (): string[] => sourcesIn(path.join(sourceFolder, 'ops'));

const opsFile = (folder: string): string => moduleFile(folder, 'ops', flags, sources());

const failureFile = (file: string): string => `${file}.failed`;
