/** Tests runs that are stopped or killed from outside and then resumed. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSafetensors } from '@dn-detr/core/weights';
import { evaluationsOf, metricsOf, tensorsOf } from '@dn-detr/testing/run-files';
import { smallConfig } from '@dn-detr/testing/small-run';
import { runFolder } from '@dn-detr/train';
import { readJson } from '@dn-detr/train/files';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliProcess, startCli, until } from './cli.ts';

const steps = 240;
const checkpointEvery = 10;

let root: string;
const folderOf = (name: string): string => path.join(root, name);
const train = (name: string, ...options: string[]): CliProcess =>
  startCli(['train', '--config', 'run.json', '--out', name, '--resume', ...options], root);

beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-stop-'));
  const config = smallConfig({
    'length.count': steps,
    'checkpoint.every': checkpointEvery,
    'evaluation.every': 40,
  });
  writeFileSync(path.join(root, 'run.json'), JSON.stringify({ config }));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Number of steps in the last checkpoint, which must be complete. */
function stepOf(name: string): number {
  const { metadata } = readSafetensors(readFileSync(runFolder(folderOf(name)).last));
  return JSON.parse(metadata.counters as string).step;
}

/** Waits until a run that was just started has written a checkpoint. */
async function nextCheckpoint(name: string): Promise<void> {
  const { last } = runFolder(folderOf(name));
  const before = existsSync(last) ? statSync(last).mtimeMs : undefined;
  await until(`${name} writes a checkpoint`, () => existsSync(last) && statSync(last).mtimeMs !== before);
}

describe('a run', () => {
  it('equals an uninterrupted run after being killed and stopped several times', { timeout: 120_000 }, async () => {
    // Two cores have room for both.
    const whole = train('whole').finished;
    let before = 0;
    for (const delay of fc.sample(fc.integer({ min: 0, max: 60 }), { numRuns: 2, seed: 4 })) {
      const run = train('parts');
      await nextCheckpoint('parts');
      await sleep(delay);
      run.killGroup('SIGKILL');
      expect(await run.finished).toMatchObject({ signal: 'SIGKILL' });
      const step = stepOf('parts');
      expect(step % checkpointEvery).toBe(0);
      expect(step).toBeGreaterThan(before);
      // Later log entries are lost.
      expect((metricsOf(folderOf('parts')).at(-1)?.step ?? 0) - step).toBeLessThanOrEqual(checkpointEvery);
      before = step;
    }

    const { result } = runFolder(folderOf('parts'));
    const stopped = train('parts');
    await nextCheckpoint('parts');
    const asked = Date.now();
    stopped.killGroup('SIGINT');
    expect(await stopped.finished).toMatchObject({
      code: 130,
      stdout: expect.stringMatching(/^stopped; run the same command with --resume to continue: \d+ steps/),
    });
    expect(Date.now() - asked).toBeLessThan(10_000);
    expect(readJson(result)).toMatchObject({ finished: false, step: stepOf('parts') });
    expect(metricsOf(folderOf('parts')).at(-1)?.step).toBe(stepOf('parts'));

    // In a process group each process is also signalled by its parent, and this second signal must not kill it before it has ended.
    rmSync(result);
    const pressed = train('parts');
    await nextCheckpoint('parts');
    const again = setInterval(() => pressed.kill('SIGTERM'), 1);
    await pressed.finished;
    clearInterval(again);
    expect(readJson(result)).toMatchObject({ finished: false, step: stepOf('parts') });

    expect(stepOf('parts')).toBeLessThan(steps);
    const { code, stdout } = await train('parts', '--json').finished;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ folder: folderOf('parts'), finished: true, step: steps });

    expect(await whole).toMatchObject({ code: 0, stdout: expect.stringMatching(/^done: 240 steps/) });
    expect(metricsOf(folderOf('whole'))).toHaveLength(steps);
    expect(metricsOf(folderOf('parts'))).toEqual(metricsOf(folderOf('whole')));
    expect(evaluationsOf(folderOf('parts'))).toEqual(evaluationsOf(folderOf('whole')));
    for (const file of ['last', 'best'] as const) {
      const [found, expected] = ['parts', 'whole'].map((of) => tensorsOf(runFolder(folderOf(of))[file]));
      expect(found, file).toEqual(expected);
    }
    const kept = readdirSync(path.dirname(runFolder(folderOf('parts')).last));
    expect(kept.sort()).toEqual(['best.safetensors', 'last.safetensors']);
  });

  it('continues if nobody reads its output', async () => {
    const run = train('unread', '--set', 'length.count=4');
    run.hangUp();
    expect(await run.finished).toMatchObject({ code: 0 });
    expect(metricsOf(folderOf('unread'))).toHaveLength(4);
    expect(existsSync(runFolder(folderOf('unread')).result)).toBe(true);
  });
});
