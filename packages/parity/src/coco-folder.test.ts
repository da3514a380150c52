/**
 * Compares figures from a COCO folder with those of pycocotools for the same file: test/fixtures/coco-folder/record.py.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDataset } from '@dn-detr/data';
import { evaluateDetections } from '@dn-detr/metrics';
import { afterAll, expect, it } from 'vitest';

const fixtures = fileURLToPath(new URL('../../../test/fixtures', import.meta.url));

interface Recorded {
  readonly truth: { readonly images: readonly { readonly file_name: string }[] };
  readonly detections: readonly {
    readonly image_id: number;
    readonly category_id: number;
    readonly bbox: readonly number[];
    readonly score: number;
  }[];
  readonly stats: readonly number[];
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'coco-folder-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('evaluates a COCO folder as pycocotools does: ids from 0, iscrowd 2, images out of order, equal scores', async () => {
  const record = readFileSync(path.join(fixtures, 'coco-folder/expected.json'), 'utf8');
  const { truth, detections, stats } = JSON.parse(record) as Recorded;
  writeFileSync(path.join(folder, 'val.json'), JSON.stringify(truth));
  for (const { file_name } of truth.images) {
    cpSync(path.join(fixtures, 'data/bccd/images/BloodImage_00134.jpg'), path.join(folder, file_name));
  }
  const { dataset, problems } = await openDataset(folder);
  const labelOf = new Map(dataset.categories.map(({ id }, label) => [id, label]));
  const perImage = dataset.val.map(({ id }) => {
    const own = detections.filter(({ image_id }) => image_id === id);
    return {
      labels: own.map(({ category_id }) => labelOf.get(category_id) as number),
      boxes: own.flatMap(({ bbox }) => bbox),
      scores: own.map(({ score }) => score),
    };
  });
  const truths = dataset.val.map(({ objects }) => objects);
  const figures = evaluateDetections(truths, perImage, { numClasses: dataset.categories.length });
  expect(stats).toHaveLength(12);
  for (const [n, expected] of stats.entries()) expect(figures.stats[n]).toBeCloseTo(expected, 12);
  const kinds = problems.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'annotation-id-zero')).toHaveLength(1);
  expect(kinds).toContain('bad-value');
});
