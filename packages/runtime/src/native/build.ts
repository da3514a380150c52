/** Compiles the N-API addon of `@tensorflow/tfjs-node`, and the native ops, against unpacked libraries. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../wheel/run.ts';
import { libraries } from './wheel.ts';

const require = createRequire(import.meta.url);

/** File name of the addon, as the stock build names it. */
export const addonName = 'tfjs_binding.node';

/** A second addon that mutes stderr while TensorFlow is loaded; see native/quiet.cc. The stock build has none. */
export const quietName = 'quiet.node';

/** The highest N-API version that tfjs-node 4.22 declares; Node 20 and later offer it. */
const napiVersion = 8;

/** Folder of the installed `@tensorflow/tfjs-node`, or undefined where it is not installed. */
export function tfjsNodeFolder(): string | undefined {
  try {
    return path.dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
  } catch {
    return undefined;
  }
}

/**
 * Builds the addons in `folder`; they find the libraries beside themselves (`$ORIGIN`), so the folder may be moved.
 * The compiler is called directly: node-gyp cannot build in a path with spaces.
 * @throws Error when no C++ compiler is there or the sources do not compile.
 */
export async function buildAddon(folder: string): Promise<void> {
  const sources = tfjsNodeFolder();
  if (sources === undefined) {
    throw new Error(
      '@tensorflow/tfjs-node is not installed: npm install --ignore-scripts @tensorflow/tfjs-node@4.22.0',
    );
  }
  const build = { include: path.join(folder, 'include'), libraryFolder: folder };
  const binding = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => path.join(sources, 'binding', name));
  await compile({ ...build, flags: ['-O2'], files: binding, libraries, output: path.join(folder, addonName) });
  const quiet = path.join(sourceFolder, 'quiet.cc');
  await compile({ ...build, flags: ['-O2'], files: [quiet], libraries: [], output: path.join(folder, quietName) });
}

/** Where this package's own C++ sources are. */
export const sourceFolder = fileURLToPath(new URL('../../native/', import.meta.url));

export interface CompileOptions {
  files: readonly string[];
  flags: readonly string[];
  /** Folder of TensorFlow's headers. */
  include: string;
  libraryFolder: string;
  /** File names of the libraries to link. They are found beside the output, and in any case where they are loaded already. */
  libraries: readonly string[];
  output: string;
}

/**
 * Compiles files into an N-API module.
 * @throws Error when no C++ compiler is there or the files do not compile.
 */
export async function compile({
  files,
  flags,
  include,
  libraryFolder,
  libraries,
  output,
}: CompileOptions): Promise<void> {
  await run(
    await findCompiler(),
    [
      ...['-std=c++17', '-fPIC', '-shared', `-DNAPI_VERSION=${napiVersion}`, ...flags],
      ...['-I', include, '-I', nodeHeaders(), ...files],
      ...['-L', libraryFolder, ...libraries.map((library) => `-l:${library}`), '-Wl,-rpath,$ORIGIN'],
      ...['-o', output],
    ],
    process.env,
  );
}

/** Node's own headers where its prefix has them, else those of the npm package `node-api-headers`. */
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
      // the next name may do
    }
  }
  throw new Error(`no C++ compiler found (looked for ${candidates.join(', ')}); on Debian: apt-get install g++`);
}
