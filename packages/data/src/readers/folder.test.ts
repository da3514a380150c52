import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Folder } from './folder.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'dn-detr-folder-'));
afterAll(() => fs.rmSync(root, { recursive: true }));

it('names files inside the folder by their relative path, and others by their absolute path', () => {
  const folder = new Folder(root);
  expect(folder.nameOf(path.join(root, 'images', 'a.jpg'))).toBe('images/a.jpg');
  expect(folder.nameOf(path.join(root, '..images', 'a.jpg'))).toBe('..images/a.jpg');
  const outside = path.join(path.dirname(root), 'a.jpg');
  expect(folder.nameOf(outside)).toBe(outside.split(path.sep).join('/'));
  expect(folder.nameOf(path.dirname(root))).toBe(path.dirname(root).split(path.sep).join('/'));
});
