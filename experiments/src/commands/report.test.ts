import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../../../test/support/program.ts';
import { exampleAblation } from '../report/testing/example-summary.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-report-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a page of a summary that was kept', () => {
  const report = (contents: unknown) => {
    const file = path.join(folder, 'ablation.json');
    writeFileSync(file, JSON.stringify(contents));
    return program('report', file, '--out', path.join(folder, 'page.html'));
  };

  it('is the one that was made with it', async () => {
    const { code, stdout } = await report(exampleAblation());
    expect(code).toBe(0);
    expect(stdout).toContain('claim: more groups help');
    expect(readFileSync(path.join(folder, 'page.html'), 'utf8')).toContain('id="figure-cells"');
  });

  it.each([[null], [{ schema: 2, models: [] }], [[1, 2]]])('cannot be made of %o', async (contents) => {
    const { code, stderr } = await report(contents);
    expect(code).toBe(1);
    expect(stderr).toContain(
      "ablation.json is no summary.json or ablation.json of this version: it has no 'schema' of 1",
    );
  });
});
