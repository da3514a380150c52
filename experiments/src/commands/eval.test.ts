import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { program } from '../testing/program.ts';

const recorded = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/parity/${name}`, import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'eval-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const target = path.join(folder, name);
  writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content));
  return target;
}

const run = (gt: string, dt: string, ...args: string[]) => program('eval', '--gt', gt, '--dt', dt, ...args);

const gt = recorded('coco_eval_small_gt.json');
const dt = recorded('coco_eval_small_dt.json');

describe('eval', () => {
  it("prints pycocotools' lines and a table of the classes", async () => {
    const { code, stdout, stderr } = await run(gt, dt);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.312');
    expect(lines[11]).toBe(' Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.100');
    expect(stdout).toMatch(/class5 │ 0.089 │ 0.149 .* 0.086/);
    expect(stdout).toMatch(/class1 .*│ {5}- │/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('prints one JSON document with --json', async () => {
    const document = JSON.parse((await run(gt, dt, '--json')).stdout);
    const { stats, per_class_ap } = JSON.parse(readFileSync(recorded('coco_eval.json'), 'utf8')).cases.small;
    expect(document).toMatchObject({ images: 6, AP: expect.closeTo(stats[0], 9), ARl: expect.closeTo(stats[11], 9) });
    expect(document.stats).toEqual(stats.map((value: number) => expect.closeTo(value, 9)));
    expect(document.perClass).toHaveLength(3);
    expect(document.perClass[2]).toMatchObject({ id: 5, name: 'class5', AP: expect.closeTo(per_class_ap[2], 9) });
  });

  it('reads files that begin with a byte order mark', async () => {
    const marked = (name: string, from: string) => file(name, `\uFEFF${readFileSync(from, 'utf8')}`);
    const { stdout } = await run(marked('marked-gt.json', gt), marked('marked-dt.json', dt));
    expect(stdout).toBe((await run(gt, dt)).stdout);
  });

  it('reads UTF-16 with a byte order mark', async () => {
    const marked = (name: string, from: string, swap: boolean) => {
      const bytes = Buffer.from(`\uFEFF${readFileSync(from, 'utf8')}`, 'utf16le');
      writeFileSync(path.join(folder, name), swap ? bytes.swap16() : bytes);
      return path.join(folder, name);
    };
    const { stdout } = await run(marked('le-gt.json', gt, false), marked('be-dt.json', dt, true));
    expect(stdout).toBe((await run(gt, dt)).stdout);
  });

  it('accepts ids of any kind, and NaN as written by Python', async () => {
    const ids = ['"frame-001"', '"007"', '9007199254740993'];
    const box = '"bbox": [0, 0, 9, 9], "category_id": 9007199254740993';
    const truth = file(
      'ids-gt.json',
      `{"images": [${ids.map((id) => `{"id": ${id}}`)}], "categories": [{"id": 9007199254740993, "name": 7}],
      "annotations": [${ids.map((id, i) => `{"id": ${i + 1}, "image_id": ${id}, ${box}, "area": 81, "iscrowd": 0}`)}]}`,
    );
    const results = file('ids-dt.json', `[${ids.map((id) => `{"image_id": ${id}, ${box}, "score": NaN}`)}]`);
    const { stdout, stderr } = await run(truth, results, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ images: 3, AP: 1, perClass: [{ id: '9007199254740993', name: '7' }] });
    expect(stderr).toMatch(/^note: .*ids-dt.json: 3 detections have NaN or an infinity/);
  });

  it('distinguishes categories with the same name', async () => {
    const categories = [
      { id: 3, name: 'bolt' },
      { id: 4, name: 'nut' },
      { id: 'x', name: 'bolt' },
    ];
    const { stdout } = await run(
      file('twins.json', { images: [], categories, annotations: [] }),
      file('none.json', []),
    );
    expect(stdout).toMatch(/│ bolt \(id 3\) +│.*│ nut +│.*│ bolt \(id x\) +│/s);
  });

  it('says on stderr what is ignored', async () => {
    const image = { image_id: 1, bbox: [0, 0, 9, 9] };
    const truth = file('truth.json', {
      images: [{ id: 1 }],
      categories: [{ id: 1, name: 'cat' }],
      annotations: [
        { ...image, id: 0, category_id: 1 },
        { ...image, id: 1, category_id: 2 },
        { ...image, id: 2, category_id: 1, image_id: 2 },
      ],
    });
    const results = file('results.json', [{ ...image, category_id: 3, score: 1 }]);
    const notes = (await run(truth, results, '--json')).stderr.trim().split('\n');
    expect(notes).toEqual([
      `note: ${truth}: 1 annotations are ignored, as their images are not listed in ${truth}`,
      `note: ${truth}: 1 annotations are ignored, as their categories are not listed in ${truth}`,
      `note: ${results}: 1 detections are ignored, as their categories are not listed in ${truth}`,
      expect.stringContaining('1 annotation has no "area" that is a number'),
      expect.stringContaining('1 annotation has the id 0'),
    ]);
  });

  it.each<[string, string, string, string]>([
    ['a file that is not there', gt, '/no/such/file', '/no/such/file cannot be read: ENOENT'],
    ['a file that is cut off', gt, file('cut.json', '[{"image_id": 1'), 'is it cut off or damaged?'],
    ['the files exchanged', dt, gt, `${dt}: expected an object with "images"`],
    ['a wrong entry', gt, file('entry.json', [{}]), 'entry.json: results[0].image_id: expected a number or text'],
  ])('exits with 1 on %s and says why', async (_, truth, results, message) => {
    const { code, stdout, stderr } = await run(truth, results);
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining(message) });
    expect(stderr).toMatch(/^error: .*\n$/);
  });
});
