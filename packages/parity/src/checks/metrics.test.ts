/** The checks of metrics compare everything that is stored, and report failures in clear messages. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors, writeSafetensors } from '@dn-detr/core/weights';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runParity } from '../run.ts';

const recorded = fileURLToPath(new URL('../../../../test/fixtures/parity', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'parity-metrics-'));
  const files = ['_small_gt', '_small_dt', '_mixed_gt', '_mixed_dt', '_crowded_gt', '_crowded_dt', ''];
  for (const file of files) copy(`coco_eval${file}.json`);
  for (const file of ['instability.json', 'instability.safetensors']) copy(file);
});
afterEach(() => rmSync(folder, { recursive: true }));

const copy = (file: string) => cpSync(path.join(recorded, file), path.join(folder, file));
const problems = () => runParity(folder).fixtures.flatMap(({ cases }) => cases.flatMap((entry) => entry.problems));

function edit<T>(file: string, change: (json: T) => void): void {
  const json = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  change(json);
  writeFileSync(path.join(folder, file), JSON.stringify(json));
}

describe('the checks of metrics', () => {
  it('cover everything that is stored', () => {
    const report = runParity(folder);
    expect(report).toMatchObject({ passed: 4, failed: 0, uncovered: [] });
    expect(report.fixtures.map(({ uncovered }) => uncovered)).toEqual([[], []]);
  });

  it('fail on a changed detection, a changed figure and a changed sample', () => {
    edit<{ score: number }[]>('coco_eval_small_dt.json', (results) => {
      for (const result of results) result.score = 1 - result.score;
    });
    edit<{ cases: { mixed: { per_class_ap: number[] }; crowded: { precision_checks: number[][] } } }>(
      'coco_eval.json',
      ({ cases }) => {
        cases.mixed.per_class_ap[1] = (cases.mixed.per_class_ap[1] as number) + 2e-6;
        const sample = cases.crowded.precision_checks[7] as number[];
        sample[5] = (sample[5] as number) + 2e-6;
      },
    );
    const found = problems();
    expect(found[0]).toMatch(/^stats: element \d differs/);
    expect(found.slice(-2)).toEqual([
      expect.stringMatching(/^per_class_ap: element 1 differs by 0\.00000200/),
      expect.stringMatching(/^precision_checks: element 7 differs by 0\.00000200/),
    ]);
  });

  it('fail on a changed match', () => {
    const file = path.join(folder, 'instability.safetensors');
    const tensors = new Map(readSafetensors(readFileSync(file)).tensors);
    const match = tensors.get('match')?.data as Int32Array;
    // Now matched with none; matching it with another object could give that object two queries, which is an error.
    match[match.findIndex((object) => object >= 0)] = -1;
    writeFileSync(file, writeSafetensors(tensors));
    expect(problems()[0]).toMatch(/^is: element 0 differs by 1/);
  });

  it('report a file that is missing and one that holds no ground truth', () => {
    rmSync(path.join(folder, 'coco_eval_small_gt.json'));
    writeFileSync(path.join(folder, 'coco_eval_mixed_gt.json'), '{}');
    expect(problems()).toEqual([
      expect.stringMatching(/^coco_eval_small_gt\.json cannot be read \(ENOENT/),
      'images: expected a list, found nothing',
    ]);
  });
});
