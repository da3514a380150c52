import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { runProgram } from '../program.ts';
import { MemoryStream } from '../testing/memory-stream.ts';
import { program } from '../testing/program.ts';

const bccd = fileURLToPath(new URL('../../../test/fixtures/data/bccd', import.meta.url));

const run = (...args: string[]) => program('data', 'check', ...args);

const made: string[] = [];

/** Writes a folder of 30 images whose size differs from the annotations. */
function damaged(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'data-check-'));
  made.push(folder);
  const bytes = readFileSync(path.join(bccd, 'images/BloodImage_00134.jpg'));
  const ids = Array.from({ length: 30 }, (_, n) => n);
  mkdirSync(path.join(folder, 'images'));
  for (const id of ids) writeFileSync(path.join(folder, 'images', `${id}.jpg`), bytes);
  const images = ids.map((id) => ({ id, file_name: `${id}.jpg`, width: 300, height: 240 }));
  const annotations = ids.map((id) => ({ id, image_id: id, category_id: 0, bbox: [1, 1, 9, 9] }));
  const categories = [{ id: 0, name: 'cell' }];
  writeFileSync(path.join(folder, 'train.json'), JSON.stringify({ images, annotations, categories }));
  return folder;
}

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

describe('data check', () => {
  it('lists problems with their place and consequence, then the contents, then the verdict', async () => {
    const { code, stdout, stderr } = await run(bccd);
    expect(stdout).toContain(`${bccd}: COCO\nnotice: there are COCO and VOC annotations: COCO is read`);
    expect(stdout).toContain(
      [
        'boxes without an area inside the image: 2',
        '  → left out of training; kept in evaluation, as pycocotools does',
        '  train.json, annotations[21].bbox (id 2288): images/BloodImage_00343.jpg: box [90.5, 164.5, 0, 0] is empty',
        '  val.json, annotations[12].bbox (id 887): images/BloodImage_00338.jpg: box [252, 168.5, 0, 0] is empty',
      ].join('\n'),
    );
    expect(stdout).toMatch(/objects, as trained on +│ +29 │ +13 │ +– │/);
    expect(stdout).toMatch(/│ +1 │ RBC +│ +23 │ +13 │ +0 │/);
    expect(stdout).toMatch(/\nqueries needed: 15, the most objects to find in one image \(model.queries\)\nusable:/);
    expect(stdout).toMatch(/\nusable: training sees 3 images with 29 objects of 3 classes\n$/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('reads the requested format, and prints one JSON document', async () => {
    const { stdout } = await run(bccd, '--format', 'voc', '--json');
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      format: 'voc',
      usable: true,
      queriesNeeded: 15,
      notices: [],
      categories: [{ id: 1, name: 'Platelets' }, { name: 'RBC' }, { name: 'WBC' }],
      splits: {
        train: { images: 3, objects: 30, objectsOfClass: [4, 23, 3] },
        val: { images: 1 },
        test: { images: 0 },
      },
      kinds: { 'empty-box': { count: 2, effect: 'drop' }, 'boxed-twice': { count: 1, effect: 'note' } },
    });
    expect(report.problems).toContainEqual({
      kind: 'empty-box',
      file: 'annotations/BloodImage_00343.xml',
      field: 'object 4, bndbox',
      message: 'images/BloodImage_00343.jpg: box [90.5, 164.5, 0, 0] is empty',
    });
  });

  it('exits with 1 if training would stop, and lists a few of many problems, or all with --all', async () => {
    const folder = damaged();
    const { code, stdout } = await run(folder);
    expect(code).toBe(1);
    expect(stdout).toContain('images of another size than annotated: 30\n  → training stops when it reaches the image');
    expect(stdout.match(/320 × 240 pixels, but/g)?.length).toBe(20);
    expect(stdout).toContain('  … and 10 more: --all lists them\n');
    expect(stdout).toMatch(/\nnot usable: training would stop at 30 of the problems above\n$/);
    const all = await run(folder, '--all');
    expect(all.stdout.match(/320 × 240 pixels, but/g)?.length).toBe(30);
  });

  it('draws a bar on a terminal', async () => {
    const [out, err] = [new MemoryStream(), new MemoryStream(80)];
    expect(await runProgram(['data', 'check', bccd], { out, err })).toBe(0);
    expect(err.text).toMatch(/reading █* *░+ 0\/4 images, ETA/);
    expect(out.text).toBe((await run(bccd)).stdout);
  });

  it.each([
    [1, ['/no/such/folder'], 'error: there is no folder /no/such/folder\n'],
    [1, [bccd, '--format', 'yolo'], /^error: no YOLO data set in .*Looked for\n {2}YOLO: data.yaml/],
    [1, ['shapes'], /^error: shapes are generated: there is nothing to check; /],
    [2, [bccd, '--format', 'csv'], /Allowed choices are coco, yolo, voc/],
  ])('exits with %i on %j and says why', async (code, args, message) => {
    expect(await run(...args)).toEqual({ code, stdout: '', stderr: expect.stringMatching(message) });
  });
});
