import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { html } from '@dn-detr/report/markup';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOutput } from './output-folder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'inspect-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const page = { title: 'a page', lede: html``, sections: [] };
const pictures = (...names: string[]) => names.map((name) => ({ name, drawing: html`<svg></svg>` }));
const inRoot = (name: string) => path.join(root, name);

describe('openOutput', () => {
  it('replaces only what an earlier inspection of its kind wrote', () => {
    openOutput(root, 'queries').write(page, pictures('queries-1.svg', 'queries-2.svg'), {});
    openOutput(root, 'matching').write(page, pictures('matching-1.svg'), {});
    writeFileSync(inRoot('queries-3.svg'), 'mine');
    const written = openOutput(root, 'queries').write(page, pictures('queries-1.svg'), { step: 3 });
    expect(written).toEqual({ inspection: 'queries', files: ['queries.html', 'queries-1.svg'], step: 3 });
    expect(JSON.parse(readFileSync(inRoot('queries.json'), 'utf8'))).toEqual(written);
    expect(readdirSync(root).sort()).toEqual([
      'matching-1.svg',
      'matching.html',
      'matching.json',
      'queries-1.svg',
      'queries-3.svg',
      'queries.html',
      'queries.json',
    ]);
    expect(readFileSync(inRoot('queries-3.svg'), 'utf8')).toBe('mine');
  });

  it('writes nothing if it would overwrite other files', () => {
    writeFileSync(inRoot('queries-1.svg'), 'mine');
    const folder = openOutput(root, 'queries');
    expect(() => folder.write(page, pictures('queries-1.svg'), {})).toThrow(/queries-1.svg exists and is not from/);
    expect(readdirSync(root)).toEqual(['queries-1.svg']);
    expect(readFileSync(inRoot('queries-1.svg'), 'utf8')).toBe('mine');
  });

  it.each([
    '{}',
    'not JSON',
    '{"inspection":"queries","files":["../../etc/passwd.svg"]}',
    '{"inspection":"matching","files":[]}',
  ])('refuses a list that it did not write: %s', (text) => {
    writeFileSync(inRoot('queries.json'), text);
    expect(() => openOutput(root, 'queries')).toThrow(/queries.json exists and is not from an earlier inspection/);
  });

  it('creates the folder, or says why it cannot', () => {
    openOutput(path.join(root, 'a', 'b'), 'queries');
    expect(existsSync(path.join(root, 'a', 'b'))).toBe(true);
    writeFileSync(inRoot('file'), '');
    expect(() => openOutput(inRoot('file/inside'), 'queries')).toThrow(/cannot be written/);
  });
});
