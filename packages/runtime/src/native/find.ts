/** Finds the native addon that this machine can use. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../wheel/cache-folder.ts';
import { addonFile, stockAddonName, tfjsNodeFolder } from './build.ts';
import { findDamage, nativeFolder } from './cache.ts';
import { findCudaDamage } from './cuda.ts';
import { wantsGpu } from './gpu-driver.ts';
import { findOps, type OpsPlace, type OpsState } from './ops-module.ts';
import { type TensorFlowWheel, tensorflowCpu, tensorflowGpu } from './wheel.ts';

/** An addon that can be loaded. */
export interface NativeAddon {
  /** Path of the addon. */
  addon: string;
  /** Origin of the libraries, for messages. */
  source: string;
  /** Whether the libraries can run on NVIDIA GPUs. */
  cuda: boolean;
  /** The native ops built for it. */
  ops: OpsState;
}

/** Either an addon or the reason why there is none. */
export type NativeState = NativeAddon | { addon?: undefined; reason: string };

/** Setting this variable to `off` keeps set-up from installing native TensorFlow and the runtime from using it. */
export const nativeSwitch = 'DN_DETR_NATIVE';

/** The builds for this machine, best first: each is used only where the ones before it are missing. */
const suitableWheels = (): TensorFlowWheel[] =>
  wantsGpu() ? [tensorflowGpu, tensorflowCpu] : [tensorflowCpu, tensorflowGpu];

/**
 * The native addon that can be used right now. Changes nothing; takes a few milliseconds.
 *
 * @param wheels builds, of which the first that is installed is taken; by default those that suit the machine.
 */
export async function findNative(
  wheels: readonly TensorFlowWheel[] = suitableWheels(),
  cache = cacheFolder(),
): Promise<NativeState> {
  if (process.env[nativeSwitch] === 'off') return { reason: `native TensorFlow is switched off (${nativeSwitch}=off)` };
  const reasons: string[] = [];
  for (const wheel of wheels) {
    const state = await findBuild(wheel, cache);
    if (state.addon !== undefined) return state;
    reasons.push(state.reason);
  }
  return findStock(cache) ?? { reason: reasons[0] ?? 'there is no build for this machine' };
}

/** The addon of one build, or why it cannot be used. */
export async function findBuild(wheel: TensorFlowWheel, cache: string): Promise<NativeState> {
  const folder = nativeFolder(wheel, cache);
  const damage = (await findDamage(folder)) ?? (await findCudaDamage(folder, wheel));
  const addon = addonFile(folder);
  if (damage === undefined && existsSync(addon)) {
    const cuda = wheel.cuda !== undefined;
    const source = `PyPI wheel ${wheel.distribution} ${wheel.version}${cuda ? ' with CUDA' : ''}, addon built here`;
    return { addon, source, cuda, ops: findOps(opsPlace(folder)) };
  }
  return { reason: (await lastFailure(wheel, cache)) ?? damage ?? 'its addon is not built yet: run `npm run setup`' };
}

/** Why the build for NVIDIA GPUs cannot be loaded; undefined where it can. Only looks. */
export async function whyNoCuda(cache = cacheFolder()): Promise<string | undefined> {
  const state = await findBuild(tensorflowGpu, cache);
  return state.addon === undefined ? state.reason : undefined;
}

/** The addon that the own installer of `@tensorflow/tfjs-node` or of `-gpu` has left, if any. */
export function findStock(cache: string): NativeAddon | undefined {
  const folder = tfjsNodeFolder();
  if (folder === undefined) return undefined;
  const addon = path.join(folder, 'lib', 'napi-v8', stockAddonName);
  if (!existsSync(addon)) return undefined;
  const name = path.basename(folder);
  const ops = findOps(stockOpsPlace(cache));
  return { addon, source: `stock installer of @tensorflow/${name}`, cuda: name.endsWith('-gpu'), ops };
}

/** Location of the ops for the libraries that set-up has unpacked to `folder`. */
export const opsPlace = (folder: string): OpsPlace => ({
  folder,
  include: path.join(folder, 'include'),
  libraryFolder: folder,
});

/**
 * Location of the ops for the stock installer's libraries. They are in the cache, since nothing is written below
 * node_modules.
 */
export function stockOpsPlace(cache: string): OpsPlace {
  const stock = path.join(tfjsNodeFolder() ?? '', 'deps');
  return {
    folder: path.join(cache, 'stock-ops'),
    include: path.join(stock, 'include'),
    libraryFolder: path.join(stock, 'lib'),
  };
}

/** File that keeps the reason of the last failure, so that only `setup` tries again. */
export function failureFile(wheel: TensorFlowWheel, cache: string): string {
  return `${nativeFolder(wheel, cache)}.failed`;
}

/** Why provisioning failed last time; undefined if it did not. */
export function lastFailure(wheel: TensorFlowWheel, cache: string): Promise<string | undefined> {
  return readFile(failureFile(wheel, cache), 'utf8').catch(() => undefined);
}
