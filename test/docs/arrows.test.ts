/** Tests that each rule of .dependency-cruiser.mjs finds the imports that it forbids. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runProcess } from '@dn-detr/testing/process';
import { root } from '@dn-detr/testing/readme';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-arrows-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Names of the rules that are broken by files with these imports, by their paths; imported files are created. */
async function broken(imports: Readonly<Record<string, string>>): Promise<string[]> {
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  };
  write('tsconfig.json', '{ "compilerOptions": { "module": "NodeNext", "allowImportingTsExtensions": true } }');
  const entries = Object.entries(imports);
  const target = (file: string, to: string): string => path.join(path.dirname(file), to);
  for (const [file, to] of entries) if (to.startsWith('.')) write(target(file, to), 'export const value = 1;');
  for (const [file, to] of entries) write(file, `import '${to}';\nexport const value = 1;`);
  const depcruise = path.join(root, 'node_modules', '.bin', 'depcruise');
  const options = ['--config', path.join(root, '.dependency-cruiser.mjs'), '--output-type', 'json', '.'];
  const { stdout } = await runProcess(depcruise, options, { cwd: folder });
  const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
  return [...new Set(summary.violations.map(({ rule }) => rule.name))].sort();
}

it.each<[string, Record<string, string>, string[]]>([
  ['finds a circle', { 'packages/core/src/a.ts': './b.ts', 'packages/core/src/b.ts': './a.ts' }, ['no-circle']],
  [
    'finds an arrow that points back',
    { 'packages/train/src/a.ts': '../../report/src/index.ts' },
    ['packages-by-name', 'train-imports'],
  ],
  ['finds a package that does not exist', { 'packages/matcher/src/a.ts': '@dn-detr/core' }, ['resolvable']],
  [
    'finds a package without arrows',
    { 'packages/extra/src/a.ts': '../../boxes/src/index.ts' },
    ['every-package-has-arrows', 'packages-by-name'],
  ],
  [
    'finds tensors in dn outside its entry for them',
    { 'packages/dn/src/queries.ts': '../../core/src/index.ts' },
    ['dn-to-core-for-tensors-alone', 'packages-by-name'],
  ],
  [
    'finds a recipe that imports the command line',
    { 'experiments/recipes/a.ts': '../src/program.ts' },
    ['no-recipe-imports-the-command-line'],
  ],
  [
    'finds a command that imports a reproduction',
    { 'experiments/src/a.ts': '../reproduce/facts.ts' },
    ['reproduce-is-imported-by-nobody'],
  ],
  ['finds test helpers outside tests', { 'packages/core/src/a.ts': './testing/b.ts' }, ['test-helpers-in-tests']],
  [
    'accepts allowed imports',
    { 'packages/dn/src/tfjs.ts': './queries.ts', 'experiments/src/a.ts': '../recipes/b.ts' },
    [],
  ],
])('%s', async (_, imports, rules) => {
  expect(await broken(imports)).toEqual(rules);
});
