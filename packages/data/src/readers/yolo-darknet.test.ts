/** YOLO without a yaml: darknet, CVAT, Label Studio, LabelImg, Roboflow. */
import { beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../open.ts';
import { type Content, jpeg, makeFolder } from '../testing/dataset-folder.ts';

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(40, 30);
});

const label = '1 0.5 0.5 0.5 0.5\n';

async function open(files: Record<string, Content>) {
  const { dataset, notices, problems } = await openDataset(makeFolder(files));
  const { train, val, test, categories, format } = dataset;
  return {
    format,
    notices,
    problems,
    classes: categories.map(({ name }) => name),
    splits: [train, val, test].map((split) => split.map(({ name }) => name)),
    objects: [...train, ...val, ...test].map(({ objects }) => objects.labels.length),
  };
}

/** Two images with one label each in a folder. */
const pair = (folder: string, labels = folder, ids = ['a', 'b']): Record<string, Content> =>
  Object.fromEntries(
    ids.flatMap((id) => [
      [`${folder}/${id}.jpg`, bytes],
      [`${labels}/${id}.txt`, label],
    ]),
  );

describe('YOLO without a yaml', () => {
  it.each([
    ['as exported by CVAT', 'data/obj.names', 'data/train.txt', 'data/obj_train_data/'],
    ['with paths of its folder', 'obj.names', 'train.txt', 'obj_train_data/'],
    ['with paths of another machine', '/home/me/darknet/obj.names', 'D:\\darknet\\train.txt', '/mnt/x/obj_train_data/'],
  ])("reads darknet's obj.data %s", async (_, names, list, prefix) => {
    const { format, classes, splits, objects } = await open({
      'obj.data': `classes = 2\ntrain  = ${list}\nnames = ${names}\n# comment\nbackup = backup/\n`,
      'obj.names': 'bolt\r\nnut\r\n\r\n',
      'train.txt': `${prefix}a.jpg\n${prefix}b.jpg\n`,
      ...pair('obj_train_data'),
    });
    expect(format).toBe('yolo');
    expect(classes).toEqual(['bolt', 'nut']);
    expect(splits.flat().sort()).toEqual(['obj_train_data/a.jpg', 'obj_train_data/b.jpg']);
    expect(objects).toEqual([1, 1]);
  });

  it("reads darknet's splits", async () => {
    const { splits, problems } = await open({
      'my.data': 'names=my.names\nTrain=train.txt\nValidation=valid.txt\ntest=gone.txt\nclasses=3\n',
      'my.names': 'bolt\nnut\n',
      'train.txt': 'images/a.jpg\n',
      'valid.txt': 'images/b.jpg\n',
      ...pair('images', 'labels'),
    });
    expect(splits).toEqual([['images/a.jpg'], ['images/b.jpg'], []]);
    expect(problems[0]).toMatchObject({ file: 'my.data', field: 'classes', kind: 'bad-value' });
  });

  it.each<[string, string, () => Record<string, Content>, string[][]]>([
    ['Label Studio', 'classes.txt', () => pair('images', 'labels'), [['images/a.jpg', 'images/b.jpg'], [], []]],
    ['LabelImg', 'classes.txt', () => pair('.'), [['a.jpg', 'b.jpg'], [], []]],
    [
      'labels with their classes',
      'labels/classes.txt',
      () => pair('images', 'labels'),
      [['images/a.jpg', 'images/b.jpg'], [], []],
    ],
    [
      'images in splits',
      'classes.txt',
      () => ({ ...pair('images/train', 'labels/train'), ...pair('images/val', 'labels/val', ['c']) }),
      [['images/train/a.jpg', 'images/train/b.jpg'], ['images/val/c.jpg'], []],
    ],
    [
      'splits of images',
      'obj.names',
      () => ({ ...pair('train/images', 'train/labels'), ...pair('valid/images', 'valid/labels', ['c']) }),
      [['train/images/a.jpg', 'train/images/b.jpg'], ['valid/images/c.jpg'], []],
    ],
    [
      'Roboflow for darknet',
      'train/_darknet.labels',
      () => ({ ...pair('train'), ...pair('valid', 'valid', ['c']), ...pair('test', 'test', ['d']) }),
      [['train/a.jpg', 'train/b.jpg'], ['valid/c.jpg'], ['test/d.jpg']],
    ],
    [
      'lists',
      'classes.txt',
      () => ({ ...pair('images', 'labels'), 'train.txt': './images/a.jpg\n', 'val.txt': './images/b.jpg\n' }),
      [['images/a.jpg'], ['images/b.jpg'], []],
    ],
  ])('reads a bare list of classes: %s', async (_, names, files, expected) => {
    const { format, classes, splits, objects } = await open({ [names]: 'bolt\nnut\n', 'notes.json': '{}', ...files() });
    expect(format).toBe('yolo');
    expect(classes).toEqual(['bolt', 'nut']);
    const [train = [], val = []] = expected;
    if (val.length > 0) expect(splits).toEqual(expected);
    else expect(splits.flat().sort()).toEqual(train);
    expect(objects.every((count) => count === 1)).toBe(true);
  });

  it('counts a blank line among the names', async () => {
    const { classes } = await open({ 'classes.txt': 'bolt\n\nnut\n\n', ...pair('images', 'labels') });
    expect(classes).toEqual(['bolt', '1', 'nut']);
  });

  it('reads VOC where there is a list of classes next to its annotations', async () => {
    const xml =
      '<annotation><object><name>x</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>';
    const { format } = await open({
      'classes.txt': 'x\ny\n',
      'a.jpg': bytes,
      'a.xml': xml,
      'b.jpg': bytes,
      'b.txt': label,
    });
    expect(format).toBe('voc');
  });

  it.each<[string, Record<string, Content>, RegExp]>([
    [
      'a missing file of names',
      { 'obj.data': 'names = obj.names\ntrain = t.txt\n' },
      /^obj.data, names: there is no obj.names/,
    ],
    [
      'no images',
      { 'obj.data': 'names = obj.names\n', 'obj.names': 'a\n' },
      /^obj.data names no images: expected train/,
    ],
    [
      'no classes',
      { 'obj.data': 'names = obj.names\ntrain = t.txt\n', 'obj.names': '\n' },
      /^obj.names names no classes/,
    ],
    [
      'a missing list',
      { 'obj.data': 'names = obj.names\ntrain = t.txt\n', 'obj.names': 'a\n' },
      /^obj.data, train: "t.txt" is neither an existing folder nor an existing list/,
    ],
    [
      'images that an export left out',
      {
        'obj.data': 'names = obj.names\ntrain = t.txt\n',
        'obj.names': 'a\n',
        't.txt': 'data/a.jpg\n',
        'data/a.txt': '0 0.5 0.5 1 1\n',
      },
      /^none of the 1 images that t.txt names exists: looked for data\/a.jpg in \.$/,
    ],
  ])('refuses %s', async (_, files, message) => {
    await expect(open(files)).rejects.toThrow(message);
  });
});
