import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolder, readJson, readJsonLines } from './json-files.ts';
import { makeRunFolder } from './run-folder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-folder-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('creates the folder with its parents, and again without an error', () => {
  for (let i = 0; i < 2; i++) {
    makeRunFolder(path.join(root, 'a', 'b'));
    expect(readdirSync(path.join(root, 'a', 'b')).sort()).toEqual(['checkpoints', 'events', 'samples']);
  }
  writeFileSync(path.join(root, 'file'), '');
  expect(() => makeFolder(path.join(root, 'file', 'a', 'b'))).toThrow(
    /file.a cannot be written: a part of its path is/,
  );
});

it('skips a last line that was not written completely, and rejects other damage', () => {
  const file = path.join(root, 'lines.jsonl');
  expect(readJsonLines(file)).toEqual([]);
  writeFileSync(file, '{"step":1}\n{"step":2}\n{"st');
  expect(readJsonLines(file)).toEqual([{ step: 1 }, { step: 2 }]);
  writeFileSync(file, '{"step":1}\n{"st\n{"step":3}\n');
  expect(() => readJsonLines(file)).toThrow(/lines.jsonl, line 2 is not JSON: \{"st$/);
  expect(() => readJson(file)).toThrow(/lines.jsonl is not readable: /);
  expect(() => readJson(path.join(root, 'none.json'))).toThrow(/none.json does not exist$/);
});
