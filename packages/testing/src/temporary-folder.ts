/**
 * Gives all tests of a run one temporary folder, and removes it with its contents when they are done.
 *
 * Unit test files share their modules, so an `afterAll` at the top level of a helper would belong only to the first
 * file that imports it.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const prefix = 'dn-detr-tests-';

/** Vitest calls this for each project too: their tests use the folder of the first call. */
export default function setup(): () => void {
  if (path.basename(os.tmpdir()).startsWith(prefix)) return () => {};
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), prefix));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
}
