import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
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
import { fileURLToPath } from 'node:url';
import { cutToBytes, temporaryNames } from '@dn-detr/data';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeFile, removeLeftovers, unwritable, writeAtomically } from './atomic-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-atomic-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('replaces a file and leaves no temporary file', () => {
  const file = path.join(folder, 'a.txt');
  writeAtomically(file, 'one');
  writeAtomically(file, new Uint8Array([50]));
  expect(readFileSync(file, 'utf8')).toBe('2');
  expect(readdirSync(folder)).toEqual(['a.txt']);
});

it('writes files with any name that the file system allows', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 255, maxLength: 255 });
  const name = fc
    .tuple(fc.integer({ min: 1, max: 255 }), text)
    .map(([bytes, text]) => cutToBytes(text.replaceAll(/[/\0]/g, '_'), bytes))
    .filter((name) => !['', '.', '..'].includes(name));
  fc.assert(
    fc.property(name, (name) => {
      const file = path.join(folder, name);
      writeAtomically(file, 'before');
      writeAtomically(file, name);
      expect(readFileSync(file, 'utf8')).toBe(name);
      expect(readdirSync(folder)).toEqual([name]);
      removeFile(file);
    }),
  );
  for (const bytes of [1, 2, 250, 255]) writeAtomically(path.join(folder, 'x'.repeat(bytes)), '');
  expect(readdirSync(folder)).toHaveLength(4);
});

it('does not overwrite a file that happens to have a temporary name', () => {
  const file = path.join(folder, 'last.safetensors');
  const [taken] = temporaryNames('last.safetensors') as Iterable<string>;
  writeFileSync(path.join(folder, taken as string), 'mine');
  writeAtomically(file, 'new');
  expect(readFileSync(path.join(folder, taken as string), 'utf8')).toBe('mine');
  for (const mark of '_+,@=^%') writeFileSync(path.join(folder, mark), mark);
  expect(() => writeAtomically(path.join(folder, 'a'), 'new')).toThrow(/a cannot be written: EEXIST/);
  for (const mark of '_+,@=^%') expect(readFileSync(path.join(folder, mark), 'utf8')).toBe(mark);
});

/** A separate process that writes for ever, alternating between contents, and reports when it has begun. */
async function writer(names: readonly string[], contents: readonly string[]) {
  const script = path.join(os.tmpdir(), `${path.basename(folder)}-${contents.join('')}.mts`);
  const module = fileURLToPath(new URL('atomic-file.ts', import.meta.url));
  writeFileSync(
    script,
    `import { writeAtomically } from ${JSON.stringify(module)};
for (let round = 0; ; round++) {
  for (const name of ${JSON.stringify(names)}) {
    const content = ${JSON.stringify(contents)}[round % ${contents.length}].repeat(1 << 20);
    writeAtomically(${JSON.stringify(folder)} + '/' + name, content);
  }
  if (round === 1) process.send('begun');
}`,
  );
  const child = fork(script, { execArgv: ['--conditions=@dn-detr/source', '--import', 'tsx'] });
  child.on('exit', () => rmSync(script, { force: true }));
  const first = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  expect(first[0]).toBe('begun');
  return child;
}

it('leaves files complete where several processes write them and are killed', async () => {
  const names = ['a', '1.jpg', 'config.json', 'x'.repeat(255)];
  const writers = await Promise.all([writer(names, ['a', 'b']), writer(names, ['c', 'd'])]);
  const ended = writers.map((child) => once(child, 'exit'));
  const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  for (const child of writers) {
    await wait(100 + 100 * Math.random());
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    child.kill('SIGKILL');
  }
  await Promise.all(ended);
  for (const name of names) {
    const content = readFileSync(path.join(folder, name), 'utf8');
    expect(content.length, name).toBe(1 << 20);
    expect(new Set(content).size, name).toBe(1);
  }
  for (const name of readdirSync(folder).filter((name) => !names.includes(name))) {
    // This process started before them.
    utimesSync(path.join(folder, name), 0, 0);
  }
  removeLeftovers(folder);
  // A name of one byte does not identify the file as ours.
  expect(readdirSync(folder).filter((name) => name.length > 1)).toEqual(names.slice(1).sort());
});

it('says why a file cannot be written', () => {
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
  ['ENOSPC', /: the disk is full\. .* Make room, .*resumed$/],
  ['EROFS', /: the file system is read-only\. .* Choose another place, or make this one writable$/],
  ['EACCES', /: you may not write there\. .* Choose another place/],
  ['ENAMETOOLONG', /: its name is too long for the file system\. .* Choose a shorter one$/],
  ['EISDIR', /: it is a folder\. .* Choose another path$/],
  ['EIO', /: strange\. .* Choose another place/],
])('says what to do about %s', (code, message) => {
  expect(unwritable('a.txt', Object.assign(new Error('strange'), { code })).message).toMatch(message);
});

it('removes what processes that have ended have left', () => {
  const running = `.a.safetensors.${process.ppid}.tmp`;
  const mine = `.a.safetensors.${process.pid}.tmp`;
  // Beyond all possible process ids.
  const gone = '.a.safetensors.4194305.tmp';
  const others = ['a.safetensors', '.a.tmp', 'b.7.tmp'];
  const short = ['.a~1zzzzz.tmp', '_+,@='];
  for (const name of [running, mine, gone, ...others, ...short, '_+_+_']) writeFileSync(path.join(folder, name), '');
  // From before this process began: newer files may still be being written.
  utimesSync(path.join(folder, '_+,@='), 0, 0);
  mkdirSync(path.join(folder, '.b.4194305.tmp'));
  removeLeftovers(folder);
  expect(readdirSync(folder).sort()).toEqual([running, ...others, '_+_+_', '.b.4194305.tmp'].sort());
});
