/** A disk that fails: the functions of `node:fs` that change files, made to fail from a chosen call on. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

/**
 * Behaviour from the chosen call on. `full`: nothing can be written any more, but files can still be renamed and
 * removed. `gone`: nothing changes any more, as when the process is killed there. A write that it hits is half done.
 */
export type Failure = 'full' | 'gone';

export interface FailingDisk {
  /** Calls so far that change files below the folder. */
  readonly calls: number;
  /** Files below the folder that were opened and not closed since. */
  readonly open: number;
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
 * Puts it in place of the disk for everything below `folder`.
 *
 * @param first the call that fails, from 1; none without it
 */
export function failingDisk(folder: string, failure: Failure = 'full', first = Number.POSITIVE_INFINITY): FailingDisk {
  const disk = fs as unknown as Record<string, Call>;
  const real = Object.fromEntries([...functions, 'closeSync'].map((name) => [name, disk[name] as Call]));
  /** Open files, by their handles. */
  const names = new Map<unknown, string>();
  let calls = 0;
  // Some of them call each other.
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
