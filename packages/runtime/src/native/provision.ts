/** Brings native TensorFlow onto this machine: what is there already, the wheel, the stock installer, or words why not. */
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../wheel/cache-folder.ts';
import { withLock } from '../wheel/lock.ts';
import type { Report } from '../wheel/report.ts';
import { run } from '../wheel/run.ts';
import { downloadWheel, type Wheel } from '../wheel/wheel.ts';
import { addonFile, buildAddon, buildQuiet, stockAddonName, tfjsNodeFolder } from './build.ts';
import { findDamage, nativeFolder, readManifest, replaceFolder, writeManifest } from './cache.ts';
import { buildOps, findOps, type OpsPlace, type OpsState, opsAreToBuild } from './ops-module.ts';
import { type TensorFlowWheel, tensorflowCpu, unpackWheel } from './wheel.ts';

/** An addon that can be loaded. */
export interface NativeAddon {
  /** Path of the module. */
  addon: string;
  /** Where the libraries came from, in words. */
  source: string;
  /** The native ops that go with it. */
  ops: OpsState;
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
  /** Proves in a process of its own that modules load, one after the other; throws when they do not. */
  prove?: (...modules: string[]) => Promise<void>;
  /** Runs the installer of `@tensorflow/tfjs-node`. */
  runStockInstaller?: (packageFolder: string) => Promise<void>;
}

/** Setting this variable to `off` keeps set-up from provisioning and the runtime from using native TensorFlow. */
const nativeSwitch = 'DN_DETR_NATIVE';

/** The native addon that can be used right now. Only looks; costs a few milliseconds. */
export async function findNative(wheel: Wheel = tensorflowCpu, cache = cacheFolder()): Promise<NativeState> {
  if (process.env[nativeSwitch] === 'off') return { reason: `native TensorFlow is switched off (${nativeSwitch}=off)` };
  const folder = nativeFolder(wheel, cache);
  const damage = await findDamage(folder);
  const addon = addonFile(folder);
  if (damage === undefined && existsSync(addon)) {
    const source = `PyPI wheel ${wheel.distribution} ${wheel.version}, addon built here`;
    return { addon, source, ops: findOps(opsPlace(folder)) };
  }
  const stock = findStock(cache);
  if (stock) return stock;
  return { reason: (await lastFailure(wheel, cache)) ?? damage ?? 'its addon is not built yet: run `npm run setup`' };
}

/**
 * Provisions native TensorFlow, each step in words to `report`, and returns what came of it.
 * Never throws for a machine that cannot have it: the reason is returned, and remembered so that the next call is quick.
 */
export async function provisionNative(options: ProvisionOptions): Promise<NativeState> {
  const state = await provisionAddon(options);
  return state.addon === undefined ? state : provisionOps(state, options);
}

/** Builds the native ops where that is still to be tried. Without them everything works, only slower. */
async function provisionOps(state: NativeAddon, options: ProvisionOptions): Promise<NativeState> {
  const { report, wheel = tensorflowCpu, cache = cacheFolder(), thorough = false, prove = proveModules } = options;
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
  if (ops.file === undefined) report.step(`there are no native ops, TensorFlow's own take their place: ${ops.reason}`);
  return { ...state, ops };
}

async function provisionAddon(options: ProvisionOptions): Promise<NativeState> {
  const { report, wheel = tensorflowCpu, cache = cacheFolder(), thorough = false } = options;
  const found = await findNative(wheel, cache);
  if (process.env[nativeSwitch] === 'off') return found;
  if (found.addon !== undefined && !thorough) return found;
  if (!thorough && (await lastFailure(wheel, cache)) !== undefined) return found;

  const folder = nativeFolder(wheel, cache);
  try {
    return await withLock(folder, waitingReport(report), () => provisionLocked(options, folder));
  } catch (error) {
    return { reason: `the cache folder cannot be used: ${messageOf(error)}` };
  }
}

async function provisionLocked(options: ProvisionOptions, folder: string): Promise<NativeState> {
  const { report, wheel = tensorflowCpu, cache = cacheFolder(), thorough = false } = options;
  const { prove = proveModules, runStockInstaller = stockInstaller } = options;
  await rm(failureFile(wheel, cache), { force: true });
  const damage = await findDamage(folder, thorough);
  if (damage === undefined && existsSync(addonFile(folder))) {
    report.step(`native TensorFlow ${wheel.version} is in ${folder}`);
    return findNative(wheel, cache);
  }
  if (damage !== undefined && (await readManifest(folder))) report.step(`native TensorFlow needs repair: ${damage}`);

  const failures: string[] = [];
  try {
    requirePlatform();
    const build = async (place: string): Promise<void> => {
      report.step('building the TensorFlow addon for Node (about 10 s)');
      await buildAddon(place, prove);
    };
    if (damage === undefined) await build(folder);
    else {
      const wheelFile = path.join(cache, `${wheel.distribution}-${wheel.version}.whl`);
      report.step(`native TensorFlow ${wheel.version} from the PyPI wheel, into ${folder}`);
      await downloadWheel(wheel, wheelFile, report);
      await replaceFolder(folder, async (staging) => {
        await unpackWheel(wheel, wheelFile, staging, report);
        await build(staging);
        await buildQuiet(staging);
        await writeManifest(staging);
      });
      await rm(wheelFile, { force: true });
    }
    report.step('native TensorFlow is ready');
    return findNative(wheel, cache);
  } catch (error) {
    failures.push(`wheel: ${messageOf(error)}`);
    report.step(`the wheel did not do: ${messageOf(error)}`);
  }
  try {
    const stock = findStock(cache) ?? (await installStock(report, runStockInstaller, cache));
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
function findStock(cache: string): NativeAddon | undefined {
  const folder = tfjsNodeFolder();
  if (folder === undefined) return undefined;
  const addon = path.join(folder, 'lib', 'napi-v8', stockAddonName);
  if (!existsSync(addon)) return undefined;
  return { addon, source: 'stock installer of @tensorflow/tfjs-node', ops: findOps(stockOpsPlace(cache)) };
}

/** Ops for the libraries that set-up has unpacked to `folder`. */
const opsPlace = (folder: string): OpsPlace => ({
  folder,
  include: path.join(folder, 'include'),
  libraryFolder: folder,
});

/** Ops for the libraries of the stock installer. They lie in the cache, since nothing is written below node_modules. */
function stockOpsPlace(cache: string): OpsPlace {
  const stock = path.join(tfjsNodeFolder() ?? '', 'deps');
  return {
    folder: path.join(cache, 'stock-ops'),
    include: path.join(stock, 'include'),
    libraryFolder: path.join(stock, 'lib'),
  };
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
  if (stock === undefined) throw new Error('it ended well but left no addon');
  return stock;
}

/** The installer spawns npm-style build tools and can hang on a dead host: it gets ten minutes. */
function stockInstaller(folder: string): Promise<void> {
  const timeout = AbortSignal.timeout(600_000);
  return run(process.execPath, ['scripts/install.js'], process.env, { cwd: folder, signal: timeout }).then(() => {});
}

/** A library built for other processors can kill the process that loads it, so a child tries first. */
async function proveModules(...modules: string[]): Promise<void> {
  // The stock addon starts when it is loaded, and the ops have nothing to start.
  const script = 'for (const file of process.argv.slice(1)) require(file).start?.(new Uint8Array())';
  await run(process.execPath, ['-e', script, ...modules], process.env);
}

const waitingReport = (report: Report) => (): void =>
  report.step('another set-up is at work on native TensorFlow; waiting for it');

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
