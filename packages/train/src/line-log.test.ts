import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unwritable, writeAtomically } from './atomic-file.ts';
import { readJsonLines } from './json-files.ts';
import { LineLog } from './line-log.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-log-'));
  file = path.join(folder, 'metrics.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a log of lines', () => {
  it('continues after the checkpoint: lines that a killed run wrote later are removed, incomplete ones too', () => {
    const first = new LineLog<{ step: number; loss: number }>(file, 0);
    for (let step = 1; step <= 5; step++) first.add({ step, loss: 1 / step });
    first.flush();
    appendFileSync(file, '{"step": 6, "lo');
    expect(readJsonLines<{ step: number }>(file).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);

    const resumed = new LineLog<{ step: number; loss: number }>(file, 3);
    resumed.add({ step: 4, loss: 9 });
    resumed.flush();
    expect(readJsonLines(file)).toEqual([
      { step: 1, loss: 1 },
      { step: 2, loss: 0.5 },
      { step: 3, loss: 1 / 3 },
      { step: 4, loss: 9 },
    ]);
  });

  it('names the line that is not JSON', () => {
    writeFileSync(file, '{"step": 1}\nnonsense\n');
    expect(() => readJsonLines(file)).toThrow('metrics.jsonl, line 2 is not JSON: nonsense');
  });
});

describe('an atomic write', () => {
  it('replaces the complete file and leaves no temporary file', () => {
    writeAtomically(file, 'one');
    writeAtomically(file, new Uint8Array([50]));
    expect(readFileSync(file, 'utf8')).toBe('2');
    expect(readdirSync(folder)).toEqual(['metrics.jsonl']);
  });

  it('that fails says why, and keeps the previous file', () => {
    expect(() => writeAtomically(path.join(folder, 'missing', 'file'), 'x')).toThrow('cannot be written');
    writeAtomically(file, 'old');
    expect(unwritable(file, Object.assign(new Error('no space'), { code: 'ENOSPC' })).message).toContain(
      'cannot be written: the disk is full. What was there before is untouched',
    );
    expect(readFileSync(file, 'utf8')).toBe('old');
  });
});
