/** Tests runs whose disk fails at each call that changes a file, one call after the other. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@dn-detr/core/weights';
import { type BackendChoice, useBackend } from '@dn-detr/runtime';
import { type Failure, failingDisk } from '@dn-detr/testing/failing-disk';
import { evaluationsOf, metricsOf, tensorsOf } from '@dn-detr/testing/run-files';
import { smallConfig } from '@dn-detr/testing/small-run';
import { runFolder, runTraining } from '@dn-detr/train';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

/** Four steps of a model that is small enough for plain JavaScript in a tenth of a second. */
const config = smallConfig({
  'model.backbone': { kind: 'tiny', channels: [8] },
  'model.width': 8,
  'model.feedForward': 8,
  'model.encoderLayers': 0,
  'model.decoderLayers': 1,
  'model.queries': 3,
  'data.shapes.train': 3,
  'data.shapes.val': 1,
  'data.shapes.size': 16,
  'data.canvas': { height: 16, width: 16 },
  batchSize: 1,
  'length.count': 4,
  'checkpoint.every': 2,
  'evaluation.every': 3,
});

let backend: BackendChoice;
let root: string;
const folderOf = (name: string): string => path.join(root, name);

async function run(name: string, stopAfter?: number): Promise<void> {
  const controller = new AbortController();
  await runTraining({
    config,
    folder: folderOf(name),
    resume: true,
    backend,
    say: () => {},
    signal: controller.signal,
    events: {
      step: ({ step }) => {
        if (step === stopAfter) controller.abort();
      },
    },
  });
}

/** @returns The error that ended a run on this disk, or undefined if it finished, and the calls it made. */
async function runOn(name: string, failure: Failure, first?: number): Promise<{ error: unknown; calls: number }> {
  const disk = failingDisk(folderOf(name), failure, first);
  try {
    await run(name);
    return { error: undefined, calls: disk.calls };
  } catch (error) {
    return { error, calls: disk.calls };
  } finally {
    disk.restore();
  }
}

/** Temporary files of all runs whose writing was not completed. */
const unfinished = (): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'));

/** The temporary file’s name if it were from a process with an impossible id, which has certainly ended. */
const ofAnother = (file: string): string => file.replace(`.${process.pid}.tmp`, '.4194305.tmp');

const outcomeOf = (name: string) => {
  const { path: folder, last, best } = runFolder(folderOf(name));
  return {
    metrics: metricsOf(folder),
    evaluations: evaluationsOf(folder),
    last: tensorsOf(last),
    best: tensorsOf(best),
  };
};

beforeAll(async () => {
  // Without git, which would otherwise be run hundreds of times for the commit.
  vi.stubEnv('PATH', '');
  backend = await useBackend('cpu');
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-disk-'));
  await run('whole');
  // The state after a kill at step 3: logs with the evaluation after step 3, the checkpoint of step 2.
  await run('killed', 2);
  const { last } = runFolder(folderOf('killed'));
  const checkpoint = folderOf('checkpoint');
  cpSync(last, checkpoint);
  await run('killed', 3);
  cpSync(checkpoint, last);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

describe('a run', { timeout: 120_000 }, () => {
  it.each(['new', 'killed'])(
    'resumes as if nothing had happened after dying at any change to its files: %s',
    async (start) => {
      for (let call = 1; ; call++) {
        const name = `${start}-dies-${call}`;
        if (start === 'killed') cpSync(folderOf('killed'), folderOf(name), { recursive: true });
        const { calls } = await runOn(name, 'gone', call);
        if (calls < call) break;
        for (const file of unfinished()) renameSync(path.join(root, file), path.join(root, ofAnother(file)));
        await run(name);
        expect(outcomeOf(name), `call ${call}`).toEqual(outcomeOf('whole'));
        expect(unfinished(), `call ${call}`).toEqual([]);
        rmSync(folderOf(name), { recursive: true });
      }
    },
  );

  it('says so if the disk is full at any moment, and leaves complete files', async () => {
    const reached = new Set<number>();
    for (let call = 1; ; call++) {
      const name = `full-${call}`;
      const { error, calls } = await runOn(name, 'full', call);
      if (calls < call) break;
      const { result, last } = runFolder(folderOf(name));
      if (error === undefined) {
        // Only the sync of the last rename may fail silently, since not every file system supports it.
        expect(existsSync(result), `call ${call}`).toBe(true);
      } else {
        const message = expect.stringMatching(/cannot be written: the disk is full.*can be resumed/);
        expect(error, `call ${call}`).toMatchObject({ name: 'UserError', message });
      }
      if (existsSync(last))
        reached.add(JSON.parse(readSafetensors(readFileSync(last)).metadata.counters as string).step);
      expect(unfinished(), `call ${call}`).toEqual([]);
      rmSync(folderOf(name), { recursive: true, force: true });
    }
    expect([...reached]).toEqual([2, 4]);
  });
});
