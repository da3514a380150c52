/**
 * Each package alone: packed, checked as a registry's users would find it, installed into an empty project with nothing
 * but the packages it needs, and its README's examples run from the built files, in Node and, where it holds no tensors,
 * in a browser.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { keptSummary } from '@dn-detr/report';
import { reportPage } from '@dn-detr/report/page';
import { hasBrowser, runInBrowser } from '@dn-detr/testing/browser';
import { type Finished, runProcess } from '@dn-detr/testing/process';
import { type Example, packages, readmeExamples, root } from '@dn-detr/testing/readme';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(path.join(os.tmpdir(), 'dn detr packed '));
// Removing thousands of small files takes time.
afterAll(() => rmSync(folder, { recursive: true, force: true }), 300_000);

const expectSuccess = ({ code, stdout, stderr }: Finished): string => {
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  return stdout;
};

const project = (name: string): string => path.join(folder, name);
const readJson = (...file: string[]) => JSON.parse(readFileSync(path.join(...file), 'utf8'));
const manifestOf = (name: string) => readJson(root, 'packages', name, 'package.json');
const tarball = (name: string): string => path.join(folder, `dn-detr-${name}-${manifestOf(name).version}.tgz`);
const tool = (name: string): string => path.join(root, 'test', 'node_modules', '.bin', name);

/** The workspace packages that a package needs, including itself; private ones are only for tests. */
function closure(name: string, fields: readonly string[] = ['dependencies']): string[] {
  const manifest = manifestOf(name);
  const needed = fields.flatMap((field) => Object.entries<string>(manifest[field] ?? {}));
  const inside = needed.flatMap(([dependency, version]) =>
    version.startsWith('workspace:') ? dependency.replace('@dn-detr/', '') : [],
  );
  const installable = inside.filter((other) => !manifestOf(other).private);
  return [...new Set([...installable.flatMap((other) => closure(other)), name])];
}

/** Packages to install in each project: a package by itself, and packages whose examples need others. */
const projects: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(packages.map((name) => [name, closure(name)])),
  core: closure('core', ['dependencies', 'devDependencies']),
  'dn with tfjs': closure('dn', ['dependencies', 'devDependencies']),
};

beforeAll(async () => {
  const { packageManager } = readJson(root, 'package.json');
  for (const name of packages) {
    const cwd = path.join(root, 'packages', name);
    expectSuccess(await runProcess('npx', ['--yes', packageManager, 'pack', '--pack-destination', folder], { cwd }));
  }
  for (const [name, contents] of Object.entries(projects)) {
    mkdirSync(project(name));
    writeFileSync(path.join(project(name), 'package.json'), '{ "type": "module", "private": true }');
    const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
    install.push(...contents.map(tarball));
    expectSuccess(await runProcess('npm', install, { cwd: project(name) }));
  }
}, 300_000);

/** Runs examples from the built files and compares their output with their README. */
async function expectExamplesRun(
  name: string,
  examples: readonly Example[],
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  expect(examples.length).toBeGreaterThan(0);
  for (const [index, { code, output }] of examples.entries()) {
    const file = `example-${index}.ts`;
    writeFileSync(path.join(project(name), file), code);
    const command = ['--import', import.meta.resolve('tsx'), file];
    const printed = expectSuccess(
      await runProcess(process.execPath, command, { cwd: project(name), env: { ...process.env, ...env } }),
    );
    if (output === undefined) expect(printed).toMatch(/loss \d/);
    else expect(printed).toBe(output);
  }
}

describe.each(packages)('%s, packed', (name) => {
  it('runs the examples of its README', () => expectExamplesRun(name, readmeExamples(name)));

  it('passes publint and "Are the types wrong?"', async () => {
    const cwd = project(name);
    expectSuccess(await runProcess(tool('publint'), ['run', tarball(name), '--strict'], { cwd }));
    expectSuccess(await runProcess(tool('attw'), [tarball(name), '--profile', 'esm-only'], { cwd }));
  });

  it('does not refer to sources, and contains its licence', () => {
    const installed = path.join(project(name), 'node_modules', '@dn-detr', name);
    const manifest = readJson(installed, 'package.json');
    for (const conditions of Object.values(manifest.exports)) {
      expect(conditions).toEqual({ types: expect.stringMatching(/^\.\/dist\//), default: expect.any(String) });
    }
    expect(manifest).toMatchObject({ license: 'Apache-2.0', publishConfig: { access: 'public' } });
    expect(readFileSync(path.join(installed, 'LICENSE'))).toEqual(readFileSync(path.join(root, 'LICENSE')));
  });

  it('contains its types', async () => {
    const lines = [`import * as all from '@dn-detr/${name}';`, "const wrong: typeof all = 'a string';", 'void wrong;'];
    writeFileSync(path.join(project(name), 'types.ts'), lines.join('\n'));
    const tsc = path.join(root, 'node_modules', '.bin', 'tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022'];
    const { stdout } = await runProcess(tsc, [...options, 'types.ts'], { cwd: project(name) });
    expect(stdout).toMatch(/types\.ts\(2,7\): error TS2322: Type 'string' is not assignable to type 'typeof import/);
    expect(stdout.trim().split('\n')).toHaveLength(1);
  });
});

describe.each(['boxes', 'matcher', 'dn', 'metrics'] as const)('%s, packed, holds no tensors and', (name) => {
  it('does not install tfjs', () => {
    expect(readdirSync(path.join(project(name), 'node_modules'))).not.toContain('@tensorflow');
  });

  it.runIf(hasBrowser)('runs the examples of its README in a browser', async () => {
    for (const { code, output } of readmeExamples(name)) {
      const bundle = await build({
        stdin: { contents: code, loader: 'ts', resolveDir: project(name) },
        bundle: true,
        format: 'iife',
        platform: 'browser',
        write: false,
        logLevel: 'silent',
      });
      expect(await runInBrowser((bundle.outputFiles[0] as { text: string }).text)).toBe(output);
    }
  });
});

describe('dn, packed, with core', () => {
  it('runs the tfjs examples of its README', () => expectExamplesRun('dn with tfjs', readmeExamples('dn', 'tfjs')));
});

describe('core, packed, without native TensorFlow', () => {
  it('runs the examples of its README', () =>
    expectExamplesRun('core', readmeExamples('core'), { DN_DETR_BACKEND: 'wasm' }));
});

describe('report, packed', () => {
  it('makes the same pages of kept summaries as the sources, and prints nothing', async () => {
    const results = path.join(root, 'docs', 'results');
    const kept = readdirSync(results)
      .map((name) => path.join(results, name, 'summary.json'))
      .filter((file) => existsSync(file));
    expect(kept.length).toBeGreaterThan(3);
    const code = `import { writeFileSync } from 'node:fs';
      import { keptSummary } from '@dn-detr/report';
      import { reportPage } from '@dn-detr/report/page';
      for (const [i, file] of process.argv.slice(2).entries()) writeFileSync(\`\${i}.html\`, reportPage(keptSummary(file)));`;
    writeFileSync(path.join(project('report'), 'pages.mjs'), code);
    const cwd = project('report');
    expect(expectSuccess(await runProcess(process.execPath, ['pages.mjs', ...kept], { cwd }))).toBe('');
    for (const [i, file] of kept.entries()) {
      expect(readFileSync(path.join(cwd, `${i}.html`), 'utf8')).toBe(reportPage(keptSummary(file)));
    }
  });
});
