/** A failing disk: the functions of `node:fs` that change files, made to fail from a chosen call on. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

/**
 * The effect from the chosen call on. `full`: nothing more can be written, but files can still be renamed and removed.
 * `gone`: nothing changes any more, as if the process were killed. A write at the chosen call is half done.
 */
export type Failure = 'full' | 'gone';

export interface FailingDisk {
  /** Number of calls so far that change files below the folder. */
  readonly calls: number;
  /** Number of files below the folder that are open. */
  readonly open: number;
  /** Restores the real disk. */
  restore(): void;
}

type Call = (...args: unknown[]) => unknown;
const functions = [
  'openSync',
  'writeSync',
  'fsyncSync',
  'appendFileSync',
  'mkdirSync',
  'renameSync',
  'rmSync',
] as const;
const needsNoSpace: readonly string[] = ['renameSync', 'rmSync'];

/**
 * Replaces the disk for everything below `folder`.
 *
 * @param first number of the call that fails, from 1; without it, none fails
 */
export function failingDisk(folder: string, failure: Failure = 'full', first = Number.POSITIVE_INFINITY): FailingDisk {
  const disk = fs as unknown as Record<string, Call>;
  const real = Object.fromEntries([...functions, 'closeSync'].map((name) => [name, disk[name] as Call]));
  /** Names of open files by their handles. */
  const names = new Map<unknown, string>();
  let calls = 0;
  // Some of the functions call each other.
  let inside = false;
  const isBelow = (file: string): boolean => !path.relative(folder, file).startsWith('..');
  const changes = (name: string, [target, flags]: readonly unknown[]): boolean => {
    const file = typeof target === 'number' ? names.get(target) : String(target);
    if (file === undefined || !isBelow(file)) return false;
    return name !== 'openSync' || (flags !== undefined && flags !== 'r');
  };
  const patched =
    (name: string): Call =>
    (...args) => {
      if (inside || !changes(name, args)) return remember(name, args, (real[name] as Call)(...args));
      calls++;
      const fails = calls === first || (calls > first && (failure === 'gone' || !needsNoSpace.includes(name)));
      inside = true;
      try {
        if (!fails) return remember(name, args, (real[name] as Call)(...args));
        if (calls === first && args[1] !== undefined) writeHalf(name, args);
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      } finally {
        inside = false;
      }
    };
  const remember = (name: string, [file]: readonly unknown[], result: unknown): unknown => {
    if (name === 'openSync') names.set(result, String(file));
    return result;
  };
  const writeHalf = (name: string, [target, contents, offset = 0, length, position]: readonly unknown[]): void => {
    if (name !== 'writeSync' && name !== 'appendFileSync') return;
    const all = Buffer.from(contents as Uint8Array | string).subarray(offset as number);
    const half = all.subarray(0, ((length as number | undefined) ?? all.length) / 2);
    if (name === 'writeSync') (real.writeSync as Call)(target, half, 0, half.length, position);
    else (real.appendFileSync as Call)(target, half);
  };
  const install = (implementations: Record<string, Call>): void => {
    Object.assign(disk, implementations);
    syncBuiltinESMExports();
  };
  const closeSync: Call = (handle) => {
    names.delete(handle);
    return (real.closeSync as Call)(handle);
  };
  install({ ...Object.fromEntries(functions.map((name) => [name, patched(name)])), closeSync });
  return {
    get calls() {
      return calls;
    },
    get open() {
      return [...names.values()].filter(isBelow).length;
    },
    restore: () => install(real),
  };
}
