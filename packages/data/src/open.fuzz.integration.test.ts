/** Opening any folder ends in a data set or a DataError. */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataError } from './error.ts';
import { type OpenedDataset, openDataset } from './open.ts';
import type { FolderFormat } from './readers/readers.ts';
import { jpeg, makeFolder } from './testing/dataset-folder.ts';
import { trainingObjects } from './training-objects.ts';

const coco = JSON.stringify({
  info: { description: 'x' },
  images: [
    { id: 1, file_name: '1.jpg', width: 64, height: 48 },
    { id: 2, file_name: '2.jpg', width: 64, height: 48 },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 1, bbox: [1, 2, 10, 20], area: 200, iscrowd: 0 },
    { id: 2, image_id: 2, category_id: 3, bbox: [1.5, 2.5, 60, 40], area: 7.25, iscrowd: 1 },
  ],
  categories: [
    { id: 1, name: 'cat', supercategory: 'animal' },
    { id: 3, name: 'dog', supercategory: 'animal' },
  ],
});
const xml =
  '<?xml version="1.0"?><annotation><filename>1.jpg</filename><size><width>64</width><height>48</height></size><object>' +
  '<name>cat</name><difficult>0</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>' +
  '</object></annotation>';
const yaml = 'path: .\ntrain: images\nval: list.txt\nnc: 2\nnames:\n  0: cat\n  1: dog\n';
const labels = '0 0.5 0.5 0.2 0.3\n1 0.1 0.2 0.9 0.2 0.5 0.8\n';

let folders: Record<FolderFormat, string>;
beforeAll(async () => {
  const bytes = await jpeg(64, 48);
  const images = { 'images/1.jpg': bytes, 'images/2.jpg': bytes };
  folders = {
    coco: makeFolder({ ...images, 'train.json': coco }),
    voc: makeFolder({ ...images, 'annotations/1.xml': xml, 'annotations/2.xml': xml, 'train.txt': '1\n2\n' }),
    yolo: makeFolder({
      ...images,
      'data.yaml': yaml,
      'labels/1.txt': labels,
      'labels/2.txt': labels,
      'list.txt': './images/1.jpg\n',
    }),
  };
});

async function expectAnswer(format: FolderFormat, file: string, content: string | Buffer): Promise<void> {
  fs.writeFileSync(path.join(folders[format], file), content);
  let opened: OpenedDataset;
  try {
    opened = await openDataset(folders[format], { format });
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message.length).toBeLessThan(2000);
    return;
  }
  const { dataset, problems } = opened;
  let [empty, clipped] = [0, 0];
  for (const image of [...dataset.train, ...dataset.val, ...dataset.test]) {
    const { labels, boxes, areas, crowd } = image.objects;
    expect([boxes.length, areas.length, crowd.length]).toEqual([4 * labels.length, labels.length, labels.length]);
    expect([...boxes, ...areas].every(Number.isFinite)).toBe(true);
    expect([...labels].every((label) => label >= 0 && label < dataset.categories.length)).toBe(true);
    expect(image.width > 0 && image.height > 0).toBe(true);
    expect(Number.isSafeInteger(image.id) || (typeof image.id === 'string' && image.id !== '')).toBe(true);
    const training = trainingObjects(image);
    // YOLO's val and train share an image here, whose problems are reported once.
    if (dataset.val.includes(image) && dataset.train.includes(image)) continue;
    empty += training.dropped.empty;
    clipped += training.clipped;
  }
  if (format !== 'yolo') {
    expect(problems.filter(({ kind }) => kind === 'empty-box').length).toBe(empty);
    expect(problems.filter(({ kind }) => kind === 'outside-image').length).toBe(clipped);
  }
}

const targets: [FolderFormat, string, string][] = [
  ['coco', 'train.json', coco],
  ['voc', 'annotations/1.xml', xml],
  ['voc', 'train.txt', '1\n2\n'],
  ['yolo', 'data.yaml', yaml],
  ['yolo', 'labels/1.txt', labels],
  ['yolo', 'list.txt', './images/1.jpg\n'],
];

describe.each(targets)('openDataset of %s with a damaged %s', (format, file, whole) => {
  const after = async () => fs.writeFileSync(path.join(folders[format], file), whole);

  it('handles random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) => expectAnswer(format, file, Buffer.from(bytes))),
      { numRuns: 25 },
    );
    await after();
  });

  it('handles files that are cut off or have pieces removed, doubled or replaced', async () => {
    const piece = fc.constantFrom(
      '',
      '{',
      '}',
      '[',
      ']',
      '"',
      '<',
      '>',
      '/',
      '&x;',
      ':',
      '-',
      '\n',
      ' ',
      'null',
      'NaN',
      '-1',
      '1e999',
      '1e-320',
      '99999999999999999999',
      '0',
      'true',
      '\0',
      'é',
      '../',
      '*a',
      '&a ',
      'train',
      '__proto__',
    );
    const edit = fc.record({
      at: fc.nat(whole.length),
      length: fc.nat(12),
      piece: fc.oneof(piece, fc.string({ maxLength: 5 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean(), (edits, cut) => {
        let text = whole;
        for (const { at, length, piece } of edits) text = text.slice(0, at) + piece + text.slice(at + length);
        if (cut) text = text.slice(0, edits[0]?.at);
        return expectAnswer(format, file, text);
      }),
      { numRuns: 60 },
    );
    await after();
  });
});

describe('openDataset of COCO with wrong values', () => {
  it('handles any value in any place', async () => {
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value !== 'object' || value === null) return;
      for (const [key, child] of Object.entries(value)) walk(child, [...path, key]);
    };
    walk(JSON.parse(coco), []);
    const value = fc.oneof(
      fc.constantFrom<unknown>(
        undefined,
        null,
        '',
        '1',
        'x',
        true,
        [],
        {},
        -1,
        0,
        0.5,
        1e300,
        -1e300,
        2 ** 53,
        [1, 2, 3, 4],
        [null, 1, 2, 3],
        ['1', 2, 3, 4],
        [1e308, 1e308, 1e308, 1e308],
      ),
      fc.jsonValue({ maxDepth: 2 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...paths), value), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const document = JSON.parse(coco);
          for (const [path, value] of changes) {
            let parent = document;
            for (const key of path.slice(0, -1)) parent = parent?.[key];
            // A copy, since a later change may write into this value, and the constants above are shared by all runs.
            if (typeof parent === 'object' && parent !== null) parent[path.at(-1) as string] = structuredClone(value);
          }
          return expectAnswer('coco', 'train.json', JSON.stringify(document));
        },
      ),
      { numRuns: 120 },
    );
  });
});
