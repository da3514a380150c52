/** The TensorFlow wheel on PyPI, of which only the C libraries and the C headers are used. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import type { Report } from './report.ts';

/** One fixed wheel, named so that pip picks the same file whatever Python runs it. */
export interface Wheel {
  /** Distribution and version, as in `tensorflow-cpu==2.21.0`. */
  distribution: string;
  version: string;
  /** pip's `--platform`, `--python-version` and `--abi`. */
  platform: string;
  pythonVersion: string;
  abi: string;
  /** SHA-256 of the file (hex) and its size in bytes. */
  sha256: string;
  bytes: number;
  /** Bytes of the two libraries when unpacked, for the progress bar. */
  unpackedBytes: number;
}

/** The CPU build for Linux on x86-64. A CUDA build would be a second value of this type. */
export const tensorflowCpu: Wheel = {
  distribution: 'tensorflow-cpu',
  version: '2.21.0',
  platform: 'manylinux_2_27_x86_64',
  pythonVersion: '3.11',
  abi: 'cp311',
  sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  bytes: 273_829_956,
  unpackedBytes: 853_308_936,
};

/** Libraries that the addon links against, by their path in the wheel. */
export const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/** Header folders that tensorflow/c/eager/c_api.h and the addon's sources reach. */
const headerFolders = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/platform/', 'xla/tsl/c/'].map(
  (folder) => `tensorflow/include/${folder}`,
);

/**
 * Brings the wheel to `file`, through pip, so that the user's index, mirror and proxy settings hold.
 * The file appears whole or not at all; a whole one that is already there is used again.
 * @throws Error with pip's last words when pip is missing or fails.
 */
export async function downloadWheel(wheel: Wheel, file: string, report: Report): Promise<void> {
  if ((await sha256(file).catch(() => undefined)) === wheel.sha256) return;
  const python = await findPython();
  const folder = `${file}.part`;
  await rm(folder, { recursive: true, force: true });
  // pip writes the running download below TMPDIR: kept here, its size can be watched and a killed one is swept away.
  const temporary = path.join(folder, 'tmp');
  await mkdir(temporary, { recursive: true });
  const requirements = path.join(folder, 'requirements.txt');
  await writeFile(requirements, `${wheel.distribution}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);

  const progress = report.progress(`downloading ${wheel.distribution} ${wheel.version}`, wheel.bytes);
  const watch = setInterval(async () => progress.update(await largestFile(folder)), 500);
  try {
    await run(
      python,
      [
        ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-cache-dir', '--progress-bar', 'off'],
        ...['--disable-pip-version-check', '--platform', wheel.platform, '--implementation', 'cp'],
        ...['--python-version', wheel.pythonVersion, '--abi', wheel.abi, '-d', folder, '-r', requirements],
      ],
      { ...process.env, TMPDIR: temporary },
    );
    const [name] = (await readdir(folder)).filter((entry) => entry.endsWith('.whl'));
    if (name === undefined) throw new Error('pip ended well but left no wheel');
    await rename(path.join(folder, name), file);
    progress.done();
  } finally {
    clearInterval(watch);
    progress.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Unpacks the C libraries to `folder` and the headers to `folder/include`.
 * @throws Error when a library is not in the wheel or an entry is damaged.
 */
export async function unpackWheel(wheel: Wheel, file: string, folder: string, report: Report): Promise<void> {
  const zip = await yauzl.openPromise(file, { autoClose: false });
  const found = new Set<string>();
  const progress = report.progress('unpacking TensorFlow', wheel.unpackedBytes);
  let bytes = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      const destination = destinationOf(entry.fileName, folder);
      if (destination === undefined) continue;
      await mkdir(path.dirname(destination), { recursive: true });
      const source = await zip.openReadStreamPromise(entry);
      source.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        progress.update(bytes);
      });
      await pipeline(source, createWriteStream(destination));
      found.add(path.basename(destination));
    }
    progress.done();
  } finally {
    progress.stop();
    zip.close();
  }
  const missing = libraries.filter((library) => !found.has(library));
  if (missing.length > 0) throw new Error(`${path.basename(file)} holds no ${missing.join(', ')}`);
}

/** Where an entry of the wheel belongs below `folder`; undefined for what is not wanted. */
function destinationOf(entry: string, folder: string): string | undefined {
  if (libraries.some((library) => entry === `tensorflow/${library}`)) return path.join(folder, path.basename(entry));
  const isHeader = entry.endsWith('.h') && headerFolders.some((prefix) => entry.startsWith(prefix));
  return isHeader ? path.join(folder, entry.slice('tensorflow/'.length)) : undefined;
}

/** SHA-256 of a file, hex. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

async function findPython(): Promise<string> {
  for (const python of ['python3', 'python']) {
    try {
      await run(python, ['-m', 'pip', '--version'], process.env);
      return python;
    } catch {
      // the next name may do
    }
  }
  throw new Error('no Python 3 with pip found (looked for python3 and python on PATH)');
}

/** Size of the largest file below `folder`: the running download, wherever pip puts it. */
async function largestFile(folder: string): Promise<number> {
  let largest = 0;
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    const info = await stat(path.join(folder, entry)).catch(() => undefined);
    if (info?.isFile()) largest = Math.max(largest, info.size);
  }
  return largest;
}

/** Runs a command to its end. @throws Error with the last lines of its output when it fails. */
export function run(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  options: { cwd?: string; signal?: AbortSignal } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else {
        const lastWords = output.trim().split('\n').slice(-4).join('\n    ');
        reject(new Error(`${command} ${args.slice(0, 3).join(' ')} … ended with ${signal ?? code}:\n    ${lastWords}`));
      }
    });
  });
}
