import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../error.ts';
import { openDataset } from '../open.ts';
import { type Content, jpeg, makeFolder, plainImage } from '../testing/dataset-folder.ts';

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(100, 50);
});

const yaml = 'train: images/train\nval: images/val\nnames: [cat, dog]\n';
const line = '1 0.5 0.5 0.2 0.4\n';

/** Opens a folder with images 1 and 2 in train and 3 in val, where 1 and 3 have one dog each. */
async function open(files: Record<string, Content | undefined> = {}) {
  const all: Record<string, Content | undefined> = {
    'data.yaml': yaml,
    'images/train/1.jpg': bytes,
    'images/train/2.JPG': bytes,
    'images/val/3.jpeg': bytes,
    'labels/train/1.txt': line,
    'labels/val/3.txt': line,
    ...files,
  };
  const there = Object.entries(all).filter((entry): entry is [string, Content] => entry[1] !== undefined);
  const opened = await openDataset(makeFolder(Object.fromEntries(there)), { format: 'yolo' });
  const of = (kind: string) =>
    opened.problems
      .filter((problem) => problem.kind === kind)
      .map(({ file, field, message }) => `${file}, ${field}: ${message}`);
  const { train, val, test } = opened.dataset;
  const names = [train, val, test].map((split) => split.map(({ name }) => name));
  return { ...opened, of, names, first: train[0] };
}

describe('YOLO', () => {
  it('reads images of any extension, classes, and boxes as pixels', async () => {
    const { dataset, names, of, first } = await open();
    expect(dataset).toMatchObject({
      format: 'yolo',
      categories: [
        { id: 1, name: 'cat' },
        { id: 2, name: 'dog' },
      ],
    });
    expect(names).toEqual([['images/train/1.jpg', 'images/train/2.JPG'], ['images/val/3.jpeg'], []]);
    expect(dataset.train.map(({ id }) => id)).toEqual([1, 2]);
    expect(dataset.val[0]?.id).toBe(3);
    expect(first).toMatchObject({ width: 100, height: 50 });
    expect(first?.objects.labels).toEqual(Int32Array.of(1));
    for (const [n, value] of [40, 15, 20, 20].entries()) expect(first?.objects.boxes[n]).toBeCloseTo(value, 10);
    expect(first?.objects.areas[0]).toBeCloseTo(400, 10);
    expect(of('no-objects')).toEqual(['images/train/2.JPG, undefined: it has no label file']);
  });

  it.each([
    ['names as a mapping', 'names:\n  0: cat\n  1: dog\n', ['cat', 'dog']],
    ['a mapping with holes', 'names: {5: fox, 1: dog}\n', ['dog', 'fox']],
    ['numbers and other words as names', 'names: [7, no]\n', ['7', 'no']],
    ['nothing as a name', 'names: [~, ""]\n', ['0', '1']],
    ['only a count', 'nc: 2\n', ['class 0', 'class 1']],
  ])('accepts %s', async (_, names, expected) => {
    const { dataset, first } = await open({ 'data.yaml': `train: images/train\nval: images/val\n${names}` });
    expect(dataset.categories.map(({ name }) => name)).toEqual(expected);
    expect(dataset.categories[first?.objects.labels[0] as number]?.name).toBe(
      names.includes('fox') ? 'dog' : expected[1],
    );
  });

  it.each([
    ['a path from another machine', 'path: ../datasets/x\ntrain: images/train\nval: images/val\n'],
    ['absolute folders from another machine', 'train: /content/x/images/train\nval: C:\\data\\images\\val\n'],
    ["Roboflow's ../", 'train: ../images/train\nval: ../images/val\n'],
    ['valid for val', 'train: ./images/train/\nvalid: images/val\n'],
    ['lists of folders', 'train: [images/train]\nval:\n  - images/val\n'],
    ['a missing test folder', 'train: images/train\nval: images/val\ntest: images/test\n'],
    ['empty keys', 'train: images/train\nval: images/val\ntest:\n'],
  ])('reads %s', async (_, splits) => {
    const { names } = await open({ 'data.yaml': `${splits}names: [cat, dog]\n` });
    expect(names).toEqual([['images/train/1.jpg', 'images/train/2.JPG'], ['images/val/3.jpeg'], []]);
  });

  it('reads folders recursively, another yaml, and val under any name', async () => {
    const { names } = await open({
      'data.yaml': undefined,
      'cats.yml': 'path: .\ntrain: images\nval: checks\nnames: [cat, dog]\n',
      'checks/a.jpg': bytes,
      'checks/a.txt': line,
    });
    expect(names).toEqual([['images/train/1.jpg', 'images/train/2.JPG', 'images/val/3.jpeg'], ['checks/a.jpg'], []]);
  });

  it("reads Roboflow's folders and labels next to images", async () => {
    const { names, dataset } = await open({
      'data.yaml': 'train: ../train/images\nval: ../valid/images\nnames: [cat, dog]\nnc: 2\n',
      'train/images/a.jpg': bytes,
      'train/labels/a.txt': line,
      'valid/images/b.jpg': bytes,
      'valid/images/b.txt': line,
    });
    expect(names).toEqual([['train/images/a.jpg'], ['valid/images/b.jpg'], []]);
    expect(dataset.val[0]?.objects.labels.length).toBe(1);
  });

  it('reads lists of images', async () => {
    const { names, of, dataset } = await open({
      'data.yaml': 'train: train.txt\nval: lists/val.txt\nnames: [cat, dog]\n',
      'train.txt': './images/train/1.jpg\r\n\nimages/train/gone.jpg\n./images/train/1.jpg\n',
      'lists/val.txt': '../images/val/3.jpeg\nimages/train/2.JPG\n',
    });
    expect(names).toEqual([['images/train/1.jpg'], ['images/val/3.jpeg', 'images/train/2.JPG'], []]);
    expect(dataset.train[0]?.objects.labels.length).toBe(1);
    expect(of('missing-image')).toEqual(['train.txt, line 3: there is no images/train/gone.jpg']);
  });

  it('computes boxes from polygons, and reads boxes from lines with keypoints', async () => {
    const polygon = await open({ 'labels/train/1.txt': '0 0.1 0.2 0.5 0.2 0.5 0.8 0.3 0.9' });
    for (const [n, value] of [10, 10, 40, 35].entries()) expect(polygon.first?.objects.boxes[n]).toBeCloseTo(value, 10);
    const pose = await open({
      'data.yaml': `${yaml}kpt_shape: [2, 3]\n`,
      'labels/train/1.txt': '0 0.5 0.5 0.2 0.4 0.1 0.1 2 0.9 0.9 1',
    });
    for (const [n, value] of [40, 15, 20, 20].entries()) expect(pose.first?.objects.boxes[n]).toBeCloseTo(value, 10);
  });

  it('leaves out an image with any unusable line, and reports the lines with their numbers', async () => {
    const lines = [
      '2 0.5 0.5 0.2 0.2',
      'cat 0.5 0.5 0.2 0.2',
      '0 0.5 0.5 0.2',
      '0 0.5 0.5 0.2 0.2 7',
      '',
      '0 nan 0.5 0.2 0.2',
      '0 50 25 20 20',
      '1.0 0.5 0.5 1 1',
    ];
    const { names, of } = await open({ 'labels/train/1.txt': `\uFEFF${lines.join('\r\n')}` });
    expect(names[0]).toEqual(['images/train/2.JPG']);
    expect(of('unreadable-labels')).toEqual([
      'images/train/1.jpg, undefined: 6 of the 7 lines of labels/train/1.txt cannot be read',
    ]);
    expect(of('unknown-class')).toEqual([
      'labels/train/1.txt, line 1: 2 is not a class: expected one of the 2 indices of names',
      'labels/train/1.txt, line 2: cat is not a class: expected one of the 2 indices of names',
    ]);
    expect(of('bad-object').map((text) => text.slice(20, 26))).toEqual(['line 3', 'line 4', 'line 6', 'line 7']);
    expect(of('bad-object')[3]).toMatch(/line 7: 0 50 25 20 20: expected fractions of the image's size, 0 to 1$/);
  });

  it('keeps boxes that are empty or leave the image', async () => {
    const { first, of } = await open({ 'labels/train/1.txt': '1.0 0.5 0.5 1 1\n0 1 0.5 0.2 0.2\n0 0.3 0.3 0 0.2\n' });
    expect([...(first?.objects.labels ?? [])]).toEqual([1, 0, 0]);
    expect(of('outside-image').map((text) => text.slice(20, 26))).toEqual(['line 2']);
    expect(of('empty-box').map((text) => text.slice(20, 26))).toEqual(['line 3']);
  });

  it('treats an empty kpt_shape as none', async () => {
    const files = { 'data.yaml': `${yaml}kpt_shape:\n`, 'labels/train/1.txt': '0 0.1 0.2 0.5 0.2 0.5 0.8' };
    const { first } = await open(files);
    for (const [n, value] of [10, 10, 40, 30].entries()) expect(first?.objects.boxes[n]).toBeCloseTo(value, 10);
  });

  it('returns boxes in pixels of the upright image', async () => {
    const turned = await plainImage(100, 50).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const { first } = await open({ 'images/train/1.jpg': turned });
    expect(first).toMatchObject({ width: 50, height: 100 });
    for (const [n, value] of [20, 30, 10, 40].entries()) expect(first?.objects.boxes[n]).toBeCloseTo(value, 10);
    expect(await first?.read()).toMatchObject({ width: 50, height: 100 });
  });

  it('distinguishes an image without a label file from one whose label file is empty', async () => {
    const { of } = await open({ 'labels/train/1.txt': '\n' });
    expect(of('no-objects')).toEqual([
      'images/train/1.jpg, undefined: labels/train/1.txt has no objects',
      'images/train/2.JPG, undefined: it has no label file',
    ]);
  });

  it('reports label files without an image, in labels and next to images', async () => {
    const { of } = await open({
      'labels/train/gone.txt': line,
      'labels/train/classes.txt': 'cat\ndog\n',
      'images/val/4.txt': line,
      'labels/other/5.txt': line,
    });
    expect(of('missing-image')).toEqual([
      'labels/train/gone.txt, undefined: there is no image gone in images/train for these labels',
      'images/val/4.txt, undefined: there is no image 4 in images/val for these labels',
    ]);
    const listed = await open({
      'data.yaml': 'train: train.txt\nval: images/val\nnames: [cat, dog]\n',
      'train.txt': 'images/train/1.jpg\n',
      'labels/train/2.txt': line,
    });
    expect(listed.of('missing-image')).toEqual([]);
  });

  it('visits folders once even if links lead to them again', async () => {
    const folder = makeFolder({
      'data.yaml': 'train: images\nval: images/val\nnames: [cat, dog]\n',
      'images/a/1.jpg': bytes,
      'images/val/2.jpg': bytes,
      'labels/a/1.txt': line,
      'labels/val/2.txt': line,
    });
    fs.symlinkSync('..', path.join(folder, 'images/a/loop'));
    fs.symlinkSync('../a', path.join(folder, 'images/val/again'));
    const { dataset } = await openDataset(folder);
    expect(dataset.train.map(({ name }) => name)).toEqual(['images/a/1.jpg', 'images/val/2.jpg']);
  });

  it('reads other encodings, and reports bytes that are not UTF-8', async () => {
    const names = 'train: images/train\nval: images/val\nnames: [Kätzchen, dog]\n';
    const { dataset, of, first } = await open({
      'data.yaml': Buffer.from(names, 'latin1'),
      'labels/train/1.txt': Buffer.from(`\uFEFF${line}`, 'utf16le'),
    });
    expect(dataset.categories[0]?.name).toBe('Kätzchen');
    expect(of('bad-value')).toEqual(['data.yaml, undefined: line 3 is not UTF-8: the file is read as windows-1252']);
    expect(first?.objects.labels.length).toBe(1);
  });

  it('leaves out an image without a header', async () => {
    const { names, of } = await open({ 'images/train/2.JPG': 'no image' });
    expect(names[0]).toEqual(['images/train/1.jpg']);
    expect(of('damaged-image')[0]).toMatch(/^images\/train\/2.JPG, undefined: it cannot be read as an image/);
  });

  it('reports a wrong number of classes, and images in two splits', async () => {
    const { of, dataset } = await open({ 'data.yaml': 'train: images/train\nval: images\nnames: [cat, dog]\nnc: 3\n' });
    expect(of('bad-value')).toEqual(['data.yaml, nc: nc is 3, but names has 2: names is used']);
    expect(of('leakage')).toEqual([
      'images/train/1.jpg, undefined: it is in train and in val',
      'images/train/2.JPG, undefined: it is in train and in val',
    ]);
    expect(dataset.val[0]).toBe(dataset.train[0]);
  });

  it.each<[string, Record<string, Content | undefined>, RegExp]>([
    ['invalid yaml', { 'data.yaml': 'names: [a, "b\n' }, /^data.yaml cannot be read: .*line 2/s],
    ['yaml that is not a mapping', { 'data.yaml': '- train\n' }, /^data.yaml is not a mapping/],
    ['an empty yaml', { 'data.yaml': '' }, /^data.yaml is not a mapping/],
    ['no classes', { 'data.yaml': 'train: images/train\nnames: []\n' }, /^data.yaml names no classes/],
    [
      'keys that are not indices',
      { 'data.yaml': 'train: images/train\nnames: {cat: 0}\n' },
      /^data.yaml, names: "cat" is not a class index/,
    ],
    ['no folders', { 'data.yaml': 'names: [cat]\n' }, /^data.yaml names no images/],
    [
      'a missing folder',
      { 'data.yaml': 'train: gone\nnames: [cat]\n' },
      /^data.yaml, train: "gone" is neither an existing folder/,
    ],
    [
      'a folder that is a number',
      { 'data.yaml': 'train: 5\nnames: [cat]\n' },
      /^data.yaml, train: 5 is neither an existing folder/,
    ],
    [
      'no labels',
      { 'labels/train/1.txt': undefined, 'labels/val/3.txt': undefined },
      /^none of the 3 images of data.yaml has labels: looked for labels\/train\/1.txt, images\/train\/1.txt$/,
    ],
    [
      'an alias bomb',
      {
        'data.yaml': `a: &a [x]\n${Array.from({ length: 30 }, (_, n) => `k${n}: &b${n} [${`*${n ? `b${n - 1}` : 'a'},`.repeat(9)}]`).join('\n')}\n`,
      },
      /^data.yaml cannot be read: /,
    ],
  ])('refuses %s', async (_, files, message) => {
    const thrown = await open(files).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(DataError);
    expect((thrown as DataError).message).toMatch(message);
  });
});
