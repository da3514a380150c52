import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDataset } from '@dn-detr/data';
import { expect, test } from 'vitest';
import { photosFolder } from '../../recipes/photos-folder.ts';
import { MemoryStream } from '../testing/memory-stream.ts';
import { dataSource } from './data-source.ts';

test('makes folders absolute, and knows the names of bundled data', () => {
  const err = new MemoryStream();
  expect(dataSource(err, 'some/where')).toBe(path.resolve('some/where'));
  expect(dataSource(err, './photos')).toBe(path.resolve('photos'));
  expect(dataSource(err, 'shapes')).toBe('shapes');
  expect(dataSource(err, 'photos')).toBe(photosFolder);
  expect(err.text).toBe('');
});

test('says how to select a folder that has the name of bundled data', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-photos-'));
  mkdirSync(path.join(folder, 'photos'));
  const start = process.cwd();
  process.chdir(folder);
  try {
    const err = new MemoryStream();
    expect(dataSource(err, 'photos')).toBe(photosFolder);
    expect(dataSource(err, './photos')).toBe(path.resolve('photos'));
    expect(err.text).toBe(
      'photos is the data that comes with the toolkit; for the folder of this name write ./photos\n',
    );
  } finally {
    process.chdir(start);
    rmSync(folder, { recursive: true });
  }
});

test('the bundled photographs are those that the figures in the docs describe', async () => {
  const files = readdirSync(photosFolder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map(({ parentPath, name }) => path.relative(photosFolder, path.join(parentPath, name))).sort();
  const hash = createHash('sha256');
  for (const name of names.filter((name) => name !== 'README.md')) {
    hash.update(`${name.replaceAll(path.sep, '/')}\n`).update(readFileSync(path.join(photosFolder, name)));
  }
  expect(hash.digest('hex')).toBe('459f325ddc67b046749545fdb2549f1fdbf0c7072d3965f245def2d8e4e8e88d');
  const { train, val, test } = (await openDataset(photosFolder)).dataset;
  expect([train.length, val.length, test.length]).toEqual([205, 87, 72]);
});
