// `npm test [-- PATH…]`: sets up what is missing, then checks formatting and lint, types, imports between packages, dead
// exports and the API reference, and runs the tests. The last line is `N passed, N failed`; each check before the tests counts
// as one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root, setUp } from './setup.mjs';

setUp({ weights: true });
const bin = (name) => path.join(root, 'node_modules', '.bin', name);
let passed = 0;
let failed = 0;

function step(title, command, arguments_) {
  process.stderr.write(`\n== ${title}\n`);
  const child = spawnSync(command, arguments_, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (child.signal) process.kill(process.pid, child.signal);
  return child.status === 0;
}

const paths = process.argv.slice(2);
if (paths.length === 0) {
  for (const ok of [
    step('format and lint', bin('biome'), ['check', '--error-on-warnings', '.']),
    step('types', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']),
    step('arrows between packages', bin('depcruise'), [
      '--config',
      '.dependency-cruiser.mjs',
      'packages',
      'experiments',
      'test',
    ]),
    step('drawing of the arrows', process.execPath, [path.join('scripts', 'arrows.mjs'), '--check']),
    step('dead exports and dependencies', bin('knip'), ['--no-progress']),
    step('API reference', bin('typedoc'), ['--emit', 'none', '--logLevel', 'Warn']),
  ]) {
    if (ok) passed++;
    else failed++;
  }
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-test-'));
const report = path.join(folder, 'report.json');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const ok = step('tests', bin('vitest'), ['run', ...reporters, ...paths]);
try {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed += result.numPassedTests;
  // A test file that cannot be loaded counts as one failure, since it has no tests.
  const broken = result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  failed += result.numFailedTests + broken.length;
} catch {
  failed++;
}
if (!ok && failed === 0) failed++;
rmSync(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
