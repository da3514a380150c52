/** Which packages import which: the arrows of docs/architecture.md, none of which points back. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '@dn-detr/testing/readme';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** What the sources of a package import of others, tests aside. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  boxes: [],
  matcher: ['boxes'],
  metrics: ['boxes'],
  data: ['boxes'],
  core: ['boxes'],
  // Only its entry `tfjs` imports core.
  dn: ['boxes', 'core'],
  runtime: [],
  train: ['boxes', 'core', 'data', 'dn', 'matcher', 'metrics', 'runtime'],
};

const sources = (name: string): string[] => {
  const folder = path.join('packages', name, 'src');
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.split(path.sep).includes('testing'))
    .map((file) => path.join(folder, file));
};

/** Modules that a file imports or re-exports. */
const importsOf = (file: string): string[] =>
  ts.preProcessFile(readFileSync(path.join(root, file), 'utf8')).importedFiles.map(({ fileName }) => fileName);

describe.each(Object.keys(arrows))('the sources of %s', (name) => {
  it('import the packages that they may, each by its name', () => {
    const found = new Set<string>();
    for (const file of sources(name)) {
      for (const module of importsOf(file)) {
        const [, imported] = /^@dn-detr\/([^/]+)/.exec(module) ?? [];
        if (imported !== undefined) found.add(imported);
        else if (module.startsWith('.')) {
          const target = path.join(path.dirname(file), module);
          expect(target.startsWith(path.join('packages', name, 'src')), `${file} imports ${module}`).toBe(true);
        }
      }
    }
    expect([...found].sort()).toEqual(arrows[name]);
  });
});

it('are held for every package', () => {
  expect(readdirSync(path.join(root, 'packages')).sort()).toEqual(Object.keys(arrows).sort());
});

it('lead from dn to core in its entry for tensors alone', () => {
  const files = sources('dn').filter((file) => importsOf(file).some((module) => module.startsWith('@dn-detr/core')));
  expect(files).toEqual([path.join('packages', 'dn', 'src', 'tfjs.ts')]);
});
