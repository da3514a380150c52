/** Reads our event files with TensorBoard itself. */
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Reader, type Scalar, tensorboardReader } from '../testing/tensorboard-reader.ts';
import { openEventFile } from './event-file.ts';

const read = await tensorboardReader();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr tensorboard '));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Time of a step in milliseconds: whole eighths of a second are exact both here and in TensorBoard. */
const timeOf = (step: number): number => 1_700_000_000_000 + 125 * step;

/** Logs steps `from` to `to`, like a run that starts at `from`. */
function logSteps(from: number, to: number, lossOf: (step: number) => number): void {
  const events = openEventFile(folder, from);
  for (let step = from; step <= to; step++) {
    events.scalars(step, timeOf(step), { 'loss/total': lossOf(step), learning_rate: 0 });
  }
  events.close();
}

const expected = (from: number, to: number, lossOf: (step: number) => number): Scalar[] =>
  Array.from({ length: to - from + 1 }, (_, i) => {
    const step = from + i;
    return { step, wallTime: timeOf(step) / 1000, value: Math.fround(lossOf(step)) };
  });

describe.skipIf(read === undefined)("TensorBoard's own reader", () => {
  const shown = read as Reader;
  const first = (step: number): number => 1 / step;
  const second = (step: number): number => -step;

  it('finds every tag with its steps, times and values', async () => {
    logSteps(1, 1200, first);
    expect(await shown(folder)).toEqual({
      'loss/total': expected(1, 1200, first),
      learning_rate: expected(1, 1200, () => 0),
    });
  });

  it('shows the steps of a resumed run instead of those that were lost, and again after a second resume', async () => {
    logSteps(1, 30, first);
    logSteps(21, 40, second);
    expect((await shown(folder))['loss/total']).toEqual([...expected(1, 20, first), ...expected(21, 40, second)]);
    logSteps(5, 6, first);
    expect((await shown(folder))['loss/total']).toEqual(expected(1, 6, first));
  });

  it('reads a file up to the record where it was cut off, and then the file of the resumed run', async () => {
    logSteps(1, 10, first);
    const file = path.join(folder, readdirSync(folder)[0] as string);
    truncateSync(file, statSync(file).size - 5);
    expect((await shown(folder))['loss/total']).toEqual(expected(1, 9, first));
    logSteps(8, 12, second);
    expect((await shown(folder))['loss/total']).toEqual([...expected(1, 7, first), ...expected(8, 12, second)]);
  });
});
