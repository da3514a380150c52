/**
 * Compiles N-API modules against unpacked libraries: the addon, which includes the binding of `@tensorflow/tfjs-node`,
 * and others.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pMap from 'p-map';
import { run } from '../wheel/run.ts';
import { libraries } from './wheel.ts';

const require = createRequire(import.meta.url);

/** File name of the stock addon. */
export const stockAddonName = 'tfjs_binding.node';

/** A second module that mutes stderr while TensorFlow is loaded; see native/quiet.cc. The stock build has none. */
export const quietName = 'quiet.node';

/** The highest N-API version that tfjs-node 4.22 declares; Node 20 and later offer it. */
const napiVersion = 8;

/**
 * Packages with the same binding and the same JavaScript; the second one's own installer downloads TensorFlow with
 * CUDA.
 */
const tfjsNodePackages = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];

/** Folder of the installed `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu`, or undefined where neither is installed. */
export function tfjsNodeFolder(): string | undefined {
  for (const name of tfjsNodePackages) {
    try {
      return path.dirname(require.resolve(`${name}/package.json`));
    } catch {
      // Try the next package.
    }
  }
  return undefined;
}

/** The binding's sources are compiled unchanged, and the addon needs access to their private members. */
const addonFlags = ['-O2', '-fno-access-control'];

/** Path in `folder` of the addon built from the current sources, those of tfjs-node and of this package. */
export function addonFile(folder: string): string {
  const sources = tfjsNodeFolder();
  const binding = sources === undefined ? [] : sourcesIn(path.join(sources, 'binding'));
  return moduleFile(folder, 'addon', addonFlags, [addonSource, ...binding]);
}

/**
 * Builds the addon in `folder`. It looks for the libraries in its own directory (`$ORIGIN`), so the folder may be
 * moved.
 *
 * @param prove loads a module in a separate process; throws when that fails.
 * @throws Error when there is no C++ compiler, the sources do not compile or the addon does not load.
 */
export async function buildAddon(folder: string, prove: (file: string) => Promise<void>): Promise<void> {
  const sources = tfjsNodeFolder();
  if (sources === undefined) {
    throw new Error(
      '@tensorflow/tfjs-node is not installed: npm install --ignore-scripts @tensorflow/tfjs-node@4.22.0',
    );
  }
  const include = [path.join(folder, 'include'), path.join(sources, 'binding')];
  const output = addonFile(folder);
  await buildModule(
    { include, libraryFolder: folder, flags: addonFlags, files: [addonSource], libraries, output },
    prove,
  );
}

/** Builds the module that mutes stderr, in `folder`. */
export async function buildQuiet(folder: string): Promise<void> {
  const files = [path.join(sourceFolder, 'quiet.cc')];
  const output = path.join(folder, quietName);
  await compile({ include: [], libraryFolder: folder, flags: ['-O2'], files, libraries: [], output });
}

/** Path of a module; its name contains a hash of its flags and sources, so that each version of them is built once. */
export function moduleFile(folder: string, name: string, flags: readonly string[], sources: readonly string[]): string {
  const hash = createHash('sha256').update(flags.join(' '));
  for (const source of sources) hash.update(readFileSync(source));
  return path.join(folder, `${name}-${hash.digest('hex').slice(0, 12)}.node`);
}

/** The C++ files and headers in a folder. */
export function sourcesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}

/** Compiles a module and proves that it loads. The file appears complete or not at all. Call it inside `withLock`. */
export async function buildModule(options: CompileOptions, prove: (file: string) => Promise<void>): Promise<void> {
  const staging = `${options.output}.staging.node`;
  try {
    await compile({ ...options, output: staging });
    await prove(staging);
    await rename(staging, options.output);
  } finally {
    await rm(staging, { force: true });
  }
}

/** Folder of this package's own C++ sources. */
export const sourceFolder = fileURLToPath(new URL('../../native/', import.meta.url));

const addonSource = path.join(sourceFolder, 'addon.cc');

export interface CompileOptions {
  files: readonly string[];
  flags: readonly string[];
  /** Header folders: TensorFlow's, and the module's own. */
  include: readonly string[];
  libraryFolder: string;
  /**
   * File names of the libraries to link. They are found in the output's folder, or where they have already been loaded.
   */
  libraries: readonly string[];
  output: string;
}

/**
 * Compiles files into an N-API module, as many at a time as there are cores.
 *
 * @throws Error when there is no C++ compiler or the files do not compile.
 */
async function compile({ files, flags, include, libraryFolder, libraries, output }: CompileOptions): Promise<void> {
  const compiler = await findCompiler();
  const objects = `${output}.objects`;
  const common = ['-std=c++17', '-fPIC', `-DNAPI_VERSION=${napiVersion}`, ...flags];
  const includes = [...include, nodeHeaders()].flatMap((folder) => ['-I', folder]);
  const link = ['-L', libraryFolder, ...libraries.map((library) => `-l:${library}`), '-Wl,-rpath,$ORIGIN'];
  await mkdir(objects, { recursive: true });
  try {
    const compiled = await pMap(
      files,
      async (file) => {
        const object = path.join(objects, `${path.basename(file)}.o`);
        await run(compiler, [...common, ...includes, '-c', file, '-o', object], process.env);
        return object;
      },
      { concurrency: os.availableParallelism() },
    );
    await run(compiler, [...common, '-shared', ...compiled, ...link, '-o', output], process.env);
  } finally {
    await rm(objects, { recursive: true, force: true });
  }
}

/** Node's own headers if they are installed with it, otherwise those of the npm package `node-api-headers`. */
function nodeHeaders(): string {
  const own = path.join(path.dirname(path.dirname(process.execPath)), 'include', 'node');
  if (existsSync(path.join(own, 'node_api.h'))) return own;
  return path.join(path.dirname(require.resolve('node-api-headers/package.json')), 'include');
}

async function findCompiler(): Promise<string> {
  const candidates = [process.env.CXX, 'c++', 'g++', 'clang++'].filter((name) => name !== undefined && name !== '');
  for (const compiler of candidates as string[]) {
    try {
      await run(compiler, ['--version'], process.env);
      return compiler;
    } catch {
      // Try the next name.
    }
  }
  throw new Error(`no C++ compiler found (looked for ${candidates.join(', ')}); on Debian: apt-get install g++`);
}
