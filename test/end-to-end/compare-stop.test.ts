/** Tests comparisons that are stopped or killed from outside and then continued. */

import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Summary } from '@dn-detr/report';
import { metricsOf } from '@dn-detr/testing/run-files';
import { smallOptions } from '@dn-detr/testing/small-options';
import { type RunFolder, runFolder } from '@dn-detr/train';
import { readJson } from '@dn-detr/train/files';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CliProcess, isRunning, startCli, until } from './cli.ts';

/** Number of steps that is large enough that a run is not done before another one begins. */
const steps = 800;

let root: string;
let runs: RunFolder[];
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-stop-'));
  runs = [0, 1].map((seed) => runFolder(path.join(root, 'both', 'detr', `seed-${seed}`)));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const compare = (env: NodeJS.ProcessEnv = {}): CliProcess => {
  const options = smallOptions({ 'checkpoint.every': 10, 'evaluation.every': 500 });
  const what = ['--models', 'detr', '--seeds', '2', '--processes', '2', '--steps', `${steps}`, '--out', 'both'];
  return startCli(['compare', ...what, ...options], root, env);
};
const summary = () => readJson<Summary>(path.join(root, 'both', 'summary.json'));
const statuses = () => summary().models.flatMap(({ runs }) => runs.map(({ status }) => status));
/** Waits until all runs of a comparison that was just started have written a checkpoint. */
async function nextCheckpoints(): Promise<void> {
  const stamp = ({ last }: RunFolder) => (existsSync(last) ? statSync(last).mtimeMs : 0);
  const before = runs.map(stamp);
  await until('both runs write a checkpoint', () => runs.every((run, i) => stamp(run) !== before[i]));
}

/** The processes that last trained the runs, from the names of their event files. */
const workers = (): number[] => runs.map(({ events }) => Number(readdirSync(events).sort().at(-1)?.split('.').at(-1)));

/** Checks that a stopped run has saved all its steps. */
function expectAllKept({ path: folder, result }: RunFolder): void {
  expect(readJson(result)).toMatchObject({ finished: false, step: metricsOf(folder).at(-1)?.step });
}

it('continues after being stopped, killed and damaged, and leaves no process behind', {
  timeout: 180_000,
}, async () => {
  const [first, second] = runs as [RunFolder, RunFolder];

  // Ctrl-C in a terminal reaches all processes, including the one that compiles sources when they are first loaded.
  const stopped = compare({ TSX_DISABLE_CACHE: '1' });
  await nextCheckpoints();
  const asked = Date.now();
  stopped.killGroup('SIGINT');
  expect(await stopped.finished).toMatchObject({
    code: 130,
    stdout: expect.stringMatching(/not finished/i),
    stderr: expect.stringMatching(/^stopped; run the same command to continue$/m),
  });
  expect(Date.now() - asked).toBeLessThan(20_000);
  expect(workers().filter(isRunning)).toEqual([]);
  expect(summary().finished).toBe(false);
  expect(statuses()).toEqual(['stopped', 'stopped']);
  expect(existsSync(path.join(root, 'both', 'report.html'))).toBe(true);
  for (const run of runs) expectAllKept(run);

  // One run is killed, as when memory runs out; then the comparison is asked to end.
  const halved = compare();
  await nextCheckpoints();
  process.kill(workers()[1] as number, 'SIGKILL');
  await until('the comparison notices', () => statuses()[1] === 'failed');
  halved.kill('SIGTERM');
  expect(await halved.finished).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^detr seed 1 failed: its process ended with SIGKILL before the run did: /m),
  });
  expect(workers().filter(isRunning)).toEqual([]);
  expect(statuses()).toEqual(['stopped', 'failed']);
  expectAllKept(first);

  const orphaned = compare();
  await nextCheckpoints();
  orphaned.kill('SIGKILL');
  await orphaned.finished;
  await until('the runs of a killed comparison end by themselves', () => !workers().some(isRunning));
  for (const run of runs) expectAllKept(run);

  // A checkpoint is cut off, as by a bad disk.
  const whole = readFileSync(second.last);
  truncateSync(second.last, 1000);
  const broken = await compare().finished;
  expect(broken).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^detr seed 1 failed: .*last.safetensors: /m),
  });
  expect(broken.stderr).not.toMatch(/^\s+at /m);
  expect(statuses()).toEqual(['done', 'failed']);

  writeFileSync(second.last, whole);
  expect(await compare().finished).toMatchObject({ code: 0 });
  expect(statuses()).toEqual(['done', 'done']);
  expect(summary().finished).toBe(true);
  for (const { path: folder } of runs) {
    expect(metricsOf(folder).map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  }
});
