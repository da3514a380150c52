/** Brings native TensorFlow onto this machine: what is there already, the wheel, the stock installer, or words why not. */
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../wheel/cache-folder.ts';
import { withLock } from '../wheel/lock.ts';
import type { Report } from '../wheel/report.ts';
import { run } from '../wheel/run.ts';
import { downloadWheel, type Wheel } from '../wheel/wheel.ts';
import { addonName, buildAddon, tfjsNodeFolder } from './build.ts';
import { findDamage, nativeFolder, readManifest, replaceFolder, writeManifest } from './cache.ts';
import { type TensorFlowWheel, tensorflowCpu, unpackWheel } from './wheel.ts';

/** An addon that can be loaded. */
export interface NativeAddon {
  /** Path of `tfjs_binding.node`. */
  addon: string;
  /** Where the libraries came from, in words. */
  source: string;
}

/** Either an addon, or the reason why there is none. */
export type NativeState = NativeAddon | { addon?: undefined; reason: string };

export interface ProvisionOptions {
  report: Report;
  wheel?: TensorFlowWheel;
  /** Cache folder; `cacheFolder()` by default. */
  cache?: string;
  /** Hash the libraries even when their sizes and times are as expected, and retry what failed before. */
  thorough?: boolean;
  /** Proves in a process of its own that an addon loads; throws when it does not. */
  prove?: (addon: string) => Promise<void>;
  /** Runs the installer of `@tensorflow/tfjs-node`. */
  runStockInstaller?: (packageFolder: string) => Promise<void>;
}

/** Setting this variable to `off` keeps set-up from provisioning and the runtime from using native TensorFlow. */
export const nativeSwitch = 'DN_DETR_NATIVE';

/** The native addon that can be used right now. Only looks; costs a few milliseconds. */
export async function findNative(wheel: Wheel = tensorflowCpu, cache = cacheFolder()): Promise<NativeState> {
  if (process.env[nativeSwitch] === 'off') return { reason: `native TensorFlow is switched off (${nativeSwitch}=off)` };
  const folder = nativeFolder(wheel, cache);
  const damage = await findDamage(folder);
  if (damage === undefined) {
    const source = `PyPI wheel ${wheel.distribution} ${wheel.version}, addon built here`;
    return { addon: path.join(folder, addonName), source };
  }
  const stock = findStock();
  if (stock) return stock;
  return { reason: (await lastFailure(wheel, cache)) ?? damage };
}

/**
 * Provisions native TensorFlow, each step in words to `report`, and returns what came of it.
 * Never throws for a machine that cannot have it: the reason is returned, and remembered so that the next call is quick.
 */
export async function provisionNative(options: ProvisionOptions): Promise<NativeState> {
  const { report, wheel = tensorflowCpu, cache = cacheFolder(), thorough = false } = options;
  const found = await findNative(wheel, cache);
  if (process.env[nativeSwitch] === 'off') return found;
  if (found.addon !== undefined && !thorough) return found;
  if (!thorough && (await lastFailure(wheel, cache)) !== undefined) return found;

  const folder = nativeFolder(wheel, cache);
  const onWait = (): void => report.step('another set-up is at work on native TensorFlow; waiting for it');
  try {
    return await withLock(folder, onWait, () => provisionLocked(options, folder));
  } catch (error) {
    return { reason: `the cache folder cannot be used: ${messageOf(error)}` };
  }
}

async function provisionLocked(options: ProvisionOptions, folder: string): Promise<NativeState> {
  const { report, wheel = tensorflowCpu, cache = cacheFolder(), thorough = false } = options;
  const { prove = proveAddon, runStockInstaller = stockInstaller } = options;
  await rm(failureFile(wheel, cache), { force: true });
  const damage = await findDamage(folder, thorough);
  if (damage === undefined) {
    report.step(`native TensorFlow ${wheel.version} is in ${folder}`);
    return findNative(wheel, cache);
  }
  if (await readManifest(folder)) report.step(`native TensorFlow needs repair: ${damage}`);

  const failures: string[] = [];
  try {
    requirePlatform();
    const wheelFile = path.join(cache, `${wheel.distribution}-${wheel.version}.whl`);
    report.step(`native TensorFlow ${wheel.version} from the PyPI wheel, into ${folder}`);
    await downloadWheel(wheel, wheelFile, report);
    await replaceFolder(folder, async (staging) => {
      await unpackWheel(wheel, wheelFile, staging, report);
      report.step('building the TensorFlow addon for Node (about 10 s)');
      await buildAddon(staging);
      await prove(path.join(staging, addonName));
      await writeManifest(staging);
    });
    await rm(wheelFile, { force: true });
    report.step('native TensorFlow is ready');
    return findNative(wheel, cache);
  } catch (error) {
    failures.push(`wheel: ${messageOf(error)}`);
    report.step(`the wheel did not do: ${messageOf(error)}`);
  }
  try {
    const stock = findStock() ?? (await installStock(report, runStockInstaller));
    await prove(stock.addon);
    return stock;
  } catch (error) {
    failures.push(`stock installer: ${messageOf(error)}`);
    report.step(`the stock installer did not do: ${messageOf(error)}`);
  }
  const reason = failures.join('; ');
  await writeFile(failureFile(wheel, cache), reason);
  return { reason };
}

/** The addon that `@tensorflow/tfjs-node`'s own installer has left, if any. */
function findStock(): NativeAddon | undefined {
  const folder = tfjsNodeFolder();
  if (folder === undefined) return undefined;
  const addon = path.join(folder, 'lib', 'napi-v8', addonName);
  return existsSync(addon) ? { addon, source: 'stock installer of @tensorflow/tfjs-node' } : undefined;
}

async function installStock(report: Report, runInstaller: (folder: string) => Promise<void>): Promise<NativeAddon> {
  const folder = tfjsNodeFolder();
  if (folder === undefined) throw new Error('@tensorflow/tfjs-node is not installed');
  report.step('trying the stock installer of @tensorflow/tfjs-node');
  await runInstaller(folder);
  const stock = findStock();
  if (stock === undefined) throw new Error('it ended well but left no addon');
  return stock;
}

/** The installer spawns npm-style build tools and can hang on a dead host: it gets ten minutes. */
function stockInstaller(folder: string): Promise<void> {
  const timeout = AbortSignal.timeout(600_000);
  return run(process.execPath, ['scripts/install.js'], process.env, { cwd: folder, signal: timeout }).then(() => {});
}

/** A library built for other processors can kill the process that loads it, so a child tries first. */
async function proveAddon(addon: string): Promise<void> {
  const script = 'const {TF_Version} = require(process.argv[1]); if (!TF_Version) process.exit(1)';
  await run(process.execPath, ['-e', script, addon], process.env);
}

function requirePlatform(): void {
  if (process.platform === 'linux' && process.arch === 'x64') return;
  throw new Error(`the wheel is for Linux x64; this is ${process.platform} ${process.arch}`);
}

/** Keeps the reason of the last failure, so that only `setup` tries again. */
function failureFile(wheel: Wheel, cache: string): string {
  return `${nativeFolder(wheel, cache)}.failed`;
}

/** Why provisioning failed last; undefined where it did not. */
function lastFailure(wheel: Wheel, cache: string): Promise<string | undefined> {
  return readFile(failureFile(wheel, cache), 'utf8').catch(() => undefined);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
