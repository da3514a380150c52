/** Compiles the N-API addon of `@tensorflow/tfjs-node` from the package's own sources against unpacked libraries. */
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
  const compiler = await findCompiler();
  const compile = (files: string[], linked: readonly string[], output: string): Promise<string> =>
    run(
      compiler,
      [
        ...['-std=c++17', '-O2', '-fPIC', '-shared', `-DNAPI_VERSION=${napiVersion}`],
        ...['-I', path.join(folder, 'include'), '-I', nodeHeaders(), ...files],
        ...['-L', folder, ...linked.map((library) => `-l:${library}`), '-Wl,-rpath,$ORIGIN'],
        ...['-o', path.join(folder, output)],
      ],
      process.env,
    );
  const binding = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => path.join(sources, 'binding', name));
  await compile(binding, libraries, addonName);
  const quiet = fileURLToPath(new URL('../../native/quiet.cc', import.meta.url));
  await compile([quiet], [], quietName);
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
