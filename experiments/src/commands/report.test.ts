import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { exampleAblation } from '@dn-detr/testing/example-summary';
import { writeRun } from '@dn-detr/testing/stored-runs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../testing/program.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-report-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a page from a kept summary', () => {
  const report = (contents: unknown) => {
    const file = path.join(folder, 'ablation.json');
    writeFileSync(file, JSON.stringify(contents));
    return program('report', file, '--out', path.join(folder, 'page.html'));
  };

  it('is the same as the page made together with the summary', async () => {
    const { code, stdout } = await report(exampleAblation());
    expect(code).toBe(0);
    expect(stdout).toContain('claim: more groups help');
    expect(readFileSync(path.join(folder, 'page.html'), 'utf8')).toContain('id="figure-cells"');
  });

  const [first, ...others] = exampleAblation().models;
  it.each<[unknown, string]>([
    [null, 'expected object'],
    [{ ...exampleAblation(), schema: 3 }, 'it has no "schema" of 1 or 2'],
    [{ schema: 1, models: [{}] }, 'name: '],
    [{ ...exampleAblation(), models: [{ ...first, runs: [{}] }, ...others] }, 'models.0.runs.0.seed: '],
  ])('cannot be made of others: %#', async (contents, where) => {
    const { code, stderr } = await report(contents);
    expect(code).toBe(1);
    expect(stderr).toContain('ablation.json is not a summary that this version can read: ');
    expect(stderr).toContain(where);
  });
});

describe.each(['report', 'inspect matching'])('%s', (command) => {
  const of = (...sources: string[]) => program(...command.split(' '), ...sources, '--out', path.join(folder, 'out'));

  it('refuses a file, or a path that does not exist, instead of a folder', async () => {
    const file = path.join(folder, 'README.md');
    writeFileSync(file, '');
    for (const [source, problem] of [
      [file, 'README.md is a file: expected the folder of a run'],
      [path.join(file, 'runs'), 'does not exist: expected the folder of a run'],
    ] as const) {
      const { code, stderr } = await of(source, file);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(problem) });
    }
  });

  it('refuses a run twice', async () => {
    const run = path.join(folder, 'twice', 'dn-detr', 'seed-0');
    writeRun(run);
    const { code, stderr } = await of(path.join(folder, 'twice'), run);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('seed-0 is named twice') });
  });
});
