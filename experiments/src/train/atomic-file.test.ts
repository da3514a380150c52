import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeFile, removeLeftovers, unwritable, writeAtomically } from './atomic-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-atomic-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('replaces a file and leaves nothing beside it', () => {
  const file = path.join(folder, 'a.txt');
  writeAtomically(file, 'one');
  writeAtomically(file, new Uint8Array([50]));
  expect(readFileSync(file, 'utf8')).toBe('2');
  expect(readdirSync(folder)).toEqual(['a.txt']);
});

it('says where a file cannot be', () => {
  const file = path.join(folder, 'a.txt');
  writeAtomically(file, 'one');
  expect(() => writeAtomically(path.join(file, 'b.txt'), '')).toThrow(/b.txt cannot be written: a part of its path is/);
  expect(() => writeAtomically(folder, '')).toThrow(/cannot be written/);
  expect(() => removeFile(folder)).toThrow(/cannot be written/);
  removeFile(file);
  removeFile(file);
  expect(existsSync(file)).toBe(false);
});

it.each([
  ['ENOSPC', /: the disk is full\. .* Make room, .*--resume$/],
  ['EROFS', /: the file system is read-only\. .* Choose another place, or make this one writable$/],
  ['EACCES', /: you may not write there\. .* Choose another place/],
  ['EISDIR', /: it is a folder\. .* Choose another path$/],
  ['EIO', /: strange\. .* Choose another place/],
])('says what to do about %s', (code, message) => {
  expect(unwritable('a.txt', Object.assign(new Error('strange'), { code })).message).toMatch(message);
});

it('removes what is left of processes that are gone', () => {
  const running = `.a.safetensors.${process.ppid}.tmp`;
  const mine = `.a.safetensors.${process.pid}.tmp`;
  // Beyond all process ids there can be.
  const gone = '.a.safetensors.4194305.tmp';
  const others = ['a.safetensors', '.a.tmp', 'b.7.tmp'];
  for (const name of [running, mine, gone, ...others]) writeFileSync(path.join(folder, name), '');
  removeLeftovers(folder);
  expect(readdirSync(folder).sort()).toEqual([running, ...others].sort());
});
