/** Each package alone: packed, installed into an empty project, and its README's example run from the built files. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, runProcess } from '../support/process.ts';
import { packages, readmeExamples, root } from '../support/readme.ts';

const project = mkdtempSync(path.join(os.tmpdir(), 'dn detr packed '));
afterAll(() => rmSync(project, { recursive: true, force: true }));

const expectSuccess = ({ code, stdout, stderr }: Finished): string => {
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  return stdout;
};

describe('packed packages', () => {
  beforeAll(async () => {
    for (const name of packages) {
      const cwd = path.join(root, 'packages', name);
      expectSuccess(await runProcess('npm', ['pack', '--pack-destination', project], { cwd }));
    }
    writeFileSync(path.join(project, 'package.json'), '{ "type": "module", "private": true }');
    const tarballs = readdirSync(project).filter((file) => file.endsWith('.tgz'));
    expect(tarballs).toHaveLength(packages.length);
    const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
    expectSuccess(await runProcess('npm', [...install, ...tarballs.map((file) => `./${file}`)], { cwd: project }));
  }, 240_000);

  it.each(packages)('%s runs its README example', async (name) => {
    const examples = readmeExamples(name);
    expect(examples.length).toBeGreaterThan(0);
    for (const [index, example] of examples.entries()) {
      const file = `${name}-${index}.ts`;
      writeFileSync(path.join(project, file), example);
      const loader = import.meta.resolve('tsx');
      const output = expectSuccess(await runProcess(process.execPath, ['--import', loader, file], { cwd: project }));
      expect(output).toMatch(/loss \d/);
    }
  });

  it('carry their types', async () => {
    const file = path.join(project, 'types.ts');
    writeFileSync(
      file,
      "import { capture } from '@dn-detr/runtime';\nconst step = capture((x: number) => x);\nstep('one');\n",
    );
    const tsc = path.join(root, 'node_modules', '.bin', 'tsc');
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      'types.ts',
    ];
    const { stdout } = await runProcess(tsc, options, { cwd: project });
    expect(stdout).toMatch(/types\.ts\(3,6\): error TS2345: Argument of type 'string' is not assignable/);
    expect(stdout.trim().split('\n')).toHaveLength(1);
  });
});
