/**
 * Installs native TensorFlow on this machine: uses what is already there, else the wheel, else the stock installer,
 * else says why it cannot.
 */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { cacheFolder } from '../wheel/cache-folder.ts';
import { withLock } from '../wheel/lock.ts';
import type { Report } from '../wheel/report.ts';
import { run } from '../wheel/run.ts';
import { downloadWheel, type Wheel } from '../wheel/wheel.ts';
import { withoutGpus } from './binding.ts';
import { addonFile, buildAddon, buildQuiet, quietName, tfjsNodeFolder } from './build.ts';
import { findDamage, nativeFolder, readManifest, replaceFolder, wheelFile, writeManifest } from './cache.ts';
import { findCudaDamage, layOutCuda, missingCuda } from './cuda.ts';
import {
  failureFile,
  findBuild,
  findNative,
  findStock,
  lastFailure,
  type NativeAddon,
  type NativeState,
  nativeSwitch,
  opsPlace,
  stockOpsPlace,
} from './find.ts';
import { gpuSwitch, wantsGpu } from './gpu-driver.ts';
import { buildOps, findOps, type OpsState, opsAreToBuild } from './ops-module.ts';
import { libraries, type TensorFlowWheel, tensorflowCpu, tensorflowGpu, unpackWheel } from './wheel.ts';

export interface ProvisionOptions {
  report: Report;
  /** The builds to install, in order of preference. @defaultValue those that suit the machine */
  wheels?: readonly TensorFlowWheel[];
  /** Cache folder. @defaultValue `cacheFolder()` */
  cache?: string;
  /**
   * Whether to hash the libraries even when their sizes and times are as expected, and to retry what failed before.
   *
   * @defaultValue false
   */
  thorough?: boolean;
  /** Proves in a separate process that modules load, one after the other; throws when they do not. */
  prove?: (...modules: string[]) => Promise<void>;
  /** Runs the installer of `@tensorflow/tfjs-node`, given the package's folder. */
  runStockInstaller?: (packageFolder: string) => Promise<void>;
}

/**
 * Installs native TensorFlow, announcing each step to `report`, and returns the result.
 * Never throws because a machine cannot have it: the reason is returned, and remembered so that the next call is quick.
 */
export async function provisionNative({
  wheels = wantsGpu() ? [tensorflowGpu, tensorflowCpu] : [tensorflowCpu],
  ...options
}: ProvisionOptions): Promise<NativeState> {
  if (process.env[nativeSwitch] === 'off') return findNative(wheels, options.cache);
  let state: NativeState = { reason: 'there is no build for this machine' };
  for (const wheel of wheels) {
    const isLast = wheel === wheels.at(-1);
    state = await provisionAddon({ ...options, wheel, isLast });
    if (state.addon !== undefined) return provisionOps(state, { ...options, wheel });
  }
  return state;
}

type BuildOptions = Omit<ProvisionOptions, 'wheels'> & { wheel: TensorFlowWheel };

/** Builds the native ops where that has not been tried yet. Without them everything works, only slower. */
async function provisionOps(state: NativeAddon, options: BuildOptions): Promise<NativeState> {
  const { report, wheel, cache = cacheFolder(), thorough = false, prove = proveModules } = options;
  const folder = nativeFolder(wheel, cache);
  const place = state.addon === addonFile(folder) ? opsPlace(folder) : stockOpsPlace(cache);
  if (!opsAreToBuild(place, thorough)) return state;
  const build = async (): Promise<OpsState> => {
    if (!opsAreToBuild(place, thorough)) return findOps(place);
    report.step('building the native ops (about 15 s)');
    return buildOps(place, (file) => prove(state.addon, file));
  };
  const ops = await withLock(folder, waitingReport(report), build).catch((error: unknown) => ({
    file: undefined,
    reason: `the cache folder cannot be used: ${messageOf(error)}`,
  }));
  if (ops.file === undefined) report.step(`there are no native ops, TensorFlow's own ops replace them: ${ops.reason}`);
  return { ...state, ops };
}

/** `isLast` says that no other build will be tried, so that the stock addon may be used. */
type AddonOptions = BuildOptions & { isLast: boolean };

async function provisionAddon(options: AddonOptions): Promise<NativeState> {
  const { report, wheel, isLast, cache = cacheFolder(), thorough = false } = options;
  const found = isLast ? await findNative([wheel], cache) : await findBuild(wheel, cache);
  if (found.addon !== undefined && !thorough) return found;
  if (!thorough && (await lastFailure(wheel, cache)) !== undefined) return found;

  const folder = nativeFolder(wheel, cache);
  try {
    return await withLock(folder, waitingReport(report), () => provisionLocked(options, folder));
  } catch (error) {
    return { reason: `the cache folder cannot be used: ${messageOf(error)}` };
  }
}

async function provisionLocked(options: AddonOptions, folder: string): Promise<NativeState> {
  const { report, wheel, isLast, cache = cacheFolder(), thorough = false } = options;
  const { prove = proveModules, runStockInstaller = stockInstaller } = options;
  await rm(failureFile(wheel, cache), { force: true });
  const damage = await findDamage(folder, thorough);
  const missing = await missingCuda(folder, wheel.cuda ?? [], thorough);
  const isWhole = damage === undefined && missing.length === 0 && existsSync(addonFile(folder));
  if (isWhole && (await findCudaDamage(folder, wheel)) === undefined) {
    report.step(`native TensorFlow ${wheel.version}${wheel.cuda ? ' with CUDA' : ''} is in ${folder}`);
    return findBuild(wheel, cache);
  }
  if (damage !== undefined && (await readManifest(folder))) report.step(`native TensorFlow needs repair: ${damage}`);

  const failures: string[] = [];
  try {
    requirePlatform();
    if (wheel.cuda !== undefined) {
      const wheels = [...missing, ...(damage === undefined ? [] : [wheel])];
      if (wheels.length > 0) report.step(cudaPlan(wheels, cache));
      await layOutCuda(folder, missing, { cache, report });
    }
    const build = async (place: string): Promise<void> => {
      report.step('building the TensorFlow addon for Node (about 10 s)');
      await buildAddon(place, prove);
    };
    if (damage === undefined) {
      if (!existsSync(addonFile(folder))) await build(folder);
    } else {
      const file = wheelFile(wheel, cache);
      report.step(`native TensorFlow ${wheel.version} from the PyPI wheel, into ${folder}`);
      await downloadWheel(wheel, file, report);
      await replaceFolder(folder, async (staging) => {
        await unpackWheel(wheel, file, staging, report);
        await build(staging);
        await buildQuiet(staging);
        await writeManifest(staging, [...libraries, quietName]);
      });
      await rm(file, { force: true });
    }
    report.step('native TensorFlow is ready');
    return findBuild(wheel, cache);
  } catch (error) {
    failures.push(`wheel: ${messageOf(error)}`);
    report.step(`the wheel could not be used: ${messageOf(error)}`);
  }
  if (!isLast) {
    const reason = failures.join('; ');
    report.step(`the build for NVIDIA GPUs is not available, using the one for the CPU (${gpuSwitch}=off chooses it)`);
    await writeFile(failureFile(wheel, cache), reason);
    return { reason };
  }
  try {
    const stock = findStock(cache) ?? (await installStock(report, runStockInstaller, cache));
    await prove(stock.addon);
    return stock;
  } catch (error) {
    failures.push(`stock installer: ${messageOf(error)}`);
    report.step(`the stock installer failed: ${messageOf(error)}`);
  }
  const reason = failures.join('; ');
  await writeFile(failureFile(wheel, cache), reason);
  return { reason };
}

async function installStock(
  report: Report,
  runInstaller: (folder: string) => Promise<void>,
  cache: string,
): Promise<NativeAddon> {
  const folder = tfjsNodeFolder();
  if (folder === undefined) throw new Error('@tensorflow/tfjs-node is not installed');
  report.step('trying the stock installer of @tensorflow/tfjs-node');
  await runInstaller(folder);
  const stock = findStock(cache);
  if (stock === undefined) throw new Error('it succeeded but left no addon');
  return stock;
}

/**
 * Runs the stock installer. It spawns npm-style build tools and can hang on an unreachable host, so it gets ten
 * minutes.
 */
function stockInstaller(folder: string): Promise<void> {
  const timeout = AbortSignal.timeout(600_000);
  return run(process.execPath, ['scripts/install.js'], process.env, { cwd: folder, signal: timeout }).then(() => {});
}

/**
 * Loads modules in a child process first, because a library built for another processor can kill the process that loads
 * it.
 */
async function proveModules(...modules: string[]): Promise<void> {
  // The stock addon starts when it is loaded, and the ops have nothing to start. What a GPU can do at the moment says nothing
  // of what was built.
  const script = `for (const file of process.argv.slice(1)) require(file).start?.(Uint8Array.of(${withoutGpus}))`;
  await run(process.execPath, ['-e', script, ...modules], process.env);
}

const waitingReport = (report: Report) => (): void =>
  report.step('another process is setting up native TensorFlow; waiting for it');

function requirePlatform(): void {
  if (process.platform === 'linux' && process.arch === 'x64') return;
  throw new Error(`the wheel is for Linux x64; this is ${process.platform} ${process.arch}`);
}

/** Size of the downloads, said before they begin because they take minutes. */
function cudaPlan(wheels: readonly (Wheel & { unpackedBytes: number })[], cache: string): string {
  const gigabytes = (bytes: readonly number[]): string => (bytes.reduce((sum, own) => sum + own, 0) / 1e9).toFixed(2);
  const download = wheels.filter((wheel) => !existsSync(wheelFile(wheel, cache))).map(({ bytes }) => bytes);
  const unpacked = wheels.map(({ unpackedBytes }) => unpackedBytes);
  return (
    `TensorFlow for NVIDIA GPUs: ${gigabytes(download)} GB to download, ${gigabytes(unpacked)} GB on disk; ` +
    'what is there when it is stopped is not fetched again'
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
