/** TensorBoard's own reader, from PyPI, for tests. It is installed once, in the user's cache folder. */
import { execFile } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder, withLock } from '@dn-detr/runtime/wheel';

const run = promisify(execFile);

/** Only the packages that the reader imports; TensorBoard itself requires more. */
const requirements = ['tensorboard==2.21.0', 'protobuf==6.33.0', 'numpy==2.2.6', 'absl-py==2.3.1'] as const;

export interface Scalar {
  step: number;
  /** Seconds since 1970. */
  wallTime: number;
  value: number;
}

/** Returns the scalars that TensorBoard shows from the event files in a folder, by tag. */
export type Reader = (folder: string) => Promise<Record<string, Scalar[]>>;

/**
 * Installs the reader; undefined, with a message on stderr, if Python 3, pip or the network is missing.
 *
 * @throws Error for the same reason in CI
 */
export async function tensorboardReader(): Promise<Reader | undefined> {
  try {
    const packages = await install();
    return async (folder) => {
      const script = fileURLToPath(new URL('read-events.py', import.meta.url));
      const env = { ...process.env, PYTHONPATH: packages, PYTHONWARNINGS: 'ignore' };
      const { stdout } = await run('python3', [script, folder], { env, maxBuffer: 2 ** 28 });
      return JSON.parse(stdout) as Record<string, Scalar[]>;
    };
  } catch (error) {
    if (process.env.CI !== undefined) throw error;
    process.stderr.write(`no TensorBoard here: tests with its reader are skipped (${(error as Error).message})\n`);
    return undefined;
  }
}

/** The folder to import from, separate for each version of Python, since compiled packages differ. */
async function install(): Promise<string> {
  const { stdout: python } = await run('python3', ['-c', 'import sys; print(sys.implementation.cache_tag, end="")']);
  const folder = path.join(cacheFolder(), `${requirements[0].replace('==', '-')}-${python}`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const options = ['--no-deps', '--only-binary=:all:', '--retries=0', '--timeout=10'];
  const onWait = (): void => {};
  await withLock(folder, onWait, async () => {
    if (existsSync(folder)) return;
    const staging = `${folder}.staging`;
    rmSync(staging, { recursive: true, force: true });
    await run('python3', [...pip, ...options, '--target', staging, ...requirements]);
    renameSync(staging, folder);
  });
  return folder;
}
