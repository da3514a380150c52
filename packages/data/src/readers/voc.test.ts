import { beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../error.ts';
import { type OpenOptions, openDataset } from '../open.ts';
import { type Content, jpeg, makeFolder } from '../testing/dataset-folder.ts';

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(100, 50);
});

const box = (...corners: (number | string)[]) =>
  `<bndbox>${['xmin', 'ymin', 'xmax', 'ymax'].map((key, n) => `<${key}>${corners[n]}</${key}>`).join('')}</bndbox>`;
const object = (name: string, corners: string, more = '') => `<object><name>${name}</name>${more}${corners}</object>`;
const size = '<size><width>100</width><height>50</height><depth>3</depth></size>';
const annotation = (...parts: string[]) => `<?xml version="1.0"?>\n<annotation>\n${parts.join('\n')}\n</annotation>\n`;
const part = '<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>';
const oneCat = annotation(size, object('cat', box(10, 5, 30.5, 25)));

async function open(files: Record<string, Content>, options: OpenOptions = {}) {
  const opened = await openDataset(makeFolder(files), options);
  const of = (kind: string) =>
    opened.problems
      .filter((problem) => problem.kind === kind)
      .map(({ file, field, message }) => `${file}, ${field}: ${message}`);
  const { train, val, test } = opened.dataset;
  const names = [train, val, test].map((split) => split.map(({ name }) => name));
  return { ...opened, of, names, first: train[0] };
}

/** Files of `annotations` with `images`, and lists. */
const flat = (
  xml: Record<string, string>,
  lists: Record<string, string> = { 'train.txt': 'a\nb\n', 'val.txt': 'c\n' },
) => ({
  'images/a.jpg': bytes,
  'images/b.png': bytes,
  'images/c.JPEG': bytes,
  'annotations/a.xml': oneCat,
  'annotations/b.xml': oneCat,
  'annotations/c.xml': oneCat,
  ...Object.fromEntries(Object.entries(xml).map(([name, text]) => [`annotations/${name}.xml`, text])),
  ...lists,
});

describe('VOC', () => {
  it('reads a flat folder with lists, the names as classes, and the corners as written', async () => {
    const xml = annotation(
      size,
      object(' dog ', box(0.5, 1, 20, 11.25), '<difficult>1</difficult>'),
      object('caf&#233; &amp; co', box(10, 5, 30, 25)),
    );
    const { dataset, names, first, of } = await open(flat({ a: xml }));
    expect(of('difficult-object')).toEqual(['annotations/a.xml, object 1, difficult: dog']);
    expect(dataset).toMatchObject({
      format: 'voc',
      categories: [
        { id: 1, name: 'café & co' },
        { id: 2, name: 'cat' },
        { id: 3, name: 'dog' },
      ],
    });
    expect(names).toEqual([['images/a.jpg', 'images/b.png'], ['images/c.JPEG'], []]);
    expect([...dataset.train, ...dataset.val].map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(first?.objects).toEqual({
      labels: Int32Array.of(2, 0),
      boxes: Float64Array.of(0.5, 1, 19.5, 10.25, 10, 5, 20, 20),
      areas: Float64Array.of(199.875, 400),
      crowd: Uint8Array.of(1, 0),
    });
  });

  it('reads VOCdevkit, all years together, and trainval where there is no train', async () => {
    const { names, notices } = await open({
      'VOCdevkit/VOC2007/Annotations/000001.xml': oneCat,
      'VOCdevkit/VOC2007/Annotations/000002.xml': oneCat,
      'VOCdevkit/VOC2007/JPEGImages/000001.jpg': bytes,
      'VOCdevkit/VOC2007/JPEGImages/000002.jpg': bytes,
      'VOCdevkit/VOC2007/ImageSets/Main/trainval.txt': '000001\n',
      'VOCdevkit/VOC2007/ImageSets/Main/cat_train.txt': '000002  1\n',
      'VOCdevkit/VOC2007/ImageSets/Main/val.txt': '000002  1\n',
      'VOCdevkit/VOC2012/Annotations/2008_000001.xml': oneCat,
      'VOCdevkit/VOC2012/Annotations/2008_000002.xml': oneCat,
      'VOCdevkit/VOC2012/JPEGImages/2008_000001.jpg': bytes,
      'VOCdevkit/VOC2012/ImageSets/Main/train.txt': '2008_000001\n',
    });
    expect(names).toEqual([
      ['VOCdevkit/VOC2007/JPEGImages/000001.jpg', 'VOCdevkit/VOC2012/JPEGImages/2008_000001.jpg'],
      ['VOCdevkit/VOC2007/JPEGImages/000002.jpg'],
      [],
    ]);
    expect(notices).toEqual(['annotated images in none of VOCdevkit/VOC2012/ImageSets/Main/train.txt: 1, not used']);
  });

  it.each<[string, Record<string, string>]>([
    ['Roboflow', { 'train/a.xml': 'train/a.jpg', 'valid/b.xml': 'valid/b.jpg', 'test/c.xml': 'test/c.jpg' }],
    [
      'folders of splits',
      {
        'train/annotations/a.xml': 'train/images/a.jpg',
        'val/annotations/b.xml': 'val/images/b.jpg',
        'test/annotations/c.xml': 'test/images/c.jpg',
      },
    ],
    [
      'splits below both',
      {
        'annotations/train/a.xml': 'images/train/a.jpg',
        'annotations/val/b.xml': 'images/val/b.jpg',
        'annotations/test/c.xml': 'images/test/c.jpg',
      },
    ],
  ])('reads the layout of %s', async (_, pairs) => {
    const { names, problems } = await open(
      Object.fromEntries(
        Object.entries(pairs).flatMap(([xml, image]) => [
          [xml, oneCat],
          [image, bytes],
        ]),
      ),
    );
    expect(names).toEqual(Object.values(pairs).map((image) => [image]));
    expect(problems.map(({ kind }) => kind)).toEqual([]);
  });

  it.each<[string, Record<string, string>, Record<string, string>, string[][]]>([
    [
      'folders of cameras in both',
      { 'Annotations/cam0/a.xml': 'JPEGImages/cam0/a.jpg', 'Annotations/cam1/a.xml': 'JPEGImages/cam1/a.jpg' },
      { 'ImageSets/Main/train.txt': 'cam0/a\n', 'ImageSets/Main/val.txt': 'cam1/a\n' },
      [['JPEGImages/cam0/a.jpg'], ['JPEGImages/cam1/a.jpg'], []],
    ],
    [
      'folders of cameras only among the annotations',
      { 'Annotations/cam0/a.xml': 'JPEGImages/a.jpg', 'Annotations/cam1/b.xml': 'JPEGImages/b.jpg' },
      { 'ImageSets/Main/train.txt': 'a\n', 'ImageSets/Main/val.txt': 'b\n' },
      [['JPEGImages/a.jpg'], ['JPEGImages/b.jpg'], []],
    ],
    [
      'folders of cameras only among the images',
      { 'Annotations/a.xml': 'JPEGImages/cam0/a.jpg', 'Annotations/b.xml': 'JPEGImages/cam1/b.jpg' },
      { 'ImageSets/Main/train.txt': 'a\n', 'ImageSets/Main/val.txt': 'b\n' },
      [['JPEGImages/cam0/a.jpg'], ['JPEGImages/cam1/b.jpg'], []],
    ],
    [
      'folders of folders',
      {
        'Annotations/2024/cam0/a.xml': 'JPEGImages/2024/cam0/a.jpg',
        'Annotations/2024/cam1/a.xml': 'JPEGImages/2024/cam1/a.jpg',
      },
      { 'train.txt': '2024/cam0/a.jpg\n', 'val.txt': 'JPEGImages/2024/cam1/a.jpg\n' },
      [['JPEGImages/2024/cam0/a.jpg'], ['JPEGImages/2024/cam1/a.jpg'], []],
    ],
    [
      'splits above cameras',
      {
        'Annotations/train/cam0/a.xml': 'JPEGImages/train/cam0/a.jpg',
        'Annotations/val/cam0/a.xml': 'JPEGImages/val/cam0/a.jpg',
      },
      {},
      [['JPEGImages/train/cam0/a.jpg'], ['JPEGImages/val/cam0/a.jpg'], []],
    ],
    [
      'splits above data sets',
      {
        'train/cam0/Annotations/a.xml': 'train/cam0/JPEGImages/a.jpg',
        'val/cam0/Annotations/a.xml': 'val/cam0/JPEGImages/a.jpg',
      },
      {},
      [['train/cam0/JPEGImages/a.jpg'], ['val/cam0/JPEGImages/a.jpg'], []],
    ],
    [
      'data sets of days',
      { 'monday/Annotations/a.xml': 'monday/JPEGImages/a.jpg', 'friday/Annotations/a.xml': 'friday/JPEGImages/a.jpg' },
      { 'monday/ImageSets/Main/train.txt': 'a\n', 'friday/ImageSets/Main/val.txt': 'a\n' },
      [['monday/JPEGImages/a.jpg'], ['friday/JPEGImages/a.jpg'], []],
    ],
  ])('reads nested folders: %s', async (_, pairs, lists, expected) => {
    const files = Object.entries(pairs).flatMap(([xml, image]): [string, Content][] => [
      [xml, oneCat],
      [image, bytes],
    ]);
    const { names, problems } = await open({ ...Object.fromEntries(files), ...lists });
    expect(names).toEqual(expected);
    expect(problems.filter(({ kind }) => kind !== 'unused-class')).toEqual([]);
  });

  it('does not assign an annotation the image of another camera', async () => {
    const { names, of } = await open({
      'Annotations/cam1/f0.xml': oneCat,
      'Annotations/cam1/f1.xml': oneCat,
      'JPEGImages/cam0/f0.jpg': bytes,
      'JPEGImages/cam1/f1.jpg': bytes,
    });
    expect(names.flat()).toEqual(['JPEGImages/cam1/f1.jpg']);
    expect(of('missing-image')).toEqual(['Annotations/cam1/f0.xml, undefined: there is no image cam1/f0']);
  });

  it('makes val from annotations next to their images', async () => {
    const { names, notices, of } = await open({
      'a.xml': oneCat,
      'a.jpg': bytes,
      'b.xml': oneCat,
      'b.jpg': bytes,
      'c.jpg': bytes,
    });
    expect(names.flat().sort()).toEqual(['a.jpg', 'b.jpg']);
    expect(notices).toEqual(['there is no val split: 1 of the 2 images of train become val (seed 0)']);
    expect(of('unannotated-image')).toEqual(['c.jpg, undefined: the folder has no c.xml']);
  });

  it('reads the size from the image where the annotation has none', async () => {
    const zero = annotation('<size><width>0</width><height>0</height></size>', object('cat', box(1, 2, 3, 4)));
    const { dataset } = await open(flat({ a: zero, b: annotation(object('cat', box(1, 2, 3, 4))) }));
    expect(dataset.train.map(({ width, height }) => [width, height])).toEqual([
      [100, 50],
      [100, 50],
    ]);
  });

  it('finds the image by the name of the annotation, then by the file name in it, then in another spelling', async () => {
    const named = (name: string) => annotation(`<filename>${name}</filename>`, size, object('cat', box(1, 2, 3, 4)));
    const { names, of } = await open({
      ...flat(
        { a: named('b.png'), x: named('extra.jpg'), ü: oneCat },
        { 'train.txt': 'a\nx\nu\u0308\nC\n', 'val.txt': 'images/b.png\n' },
      ),
      'images/extra.jpg': bytes,
      'images/\u00fc.jpg': bytes,
      'annotations/u\u0308.xml': oneCat,
      'annotations/C.xml': oneCat,
    });
    expect(names[0]).toEqual(['images/a.jpg', 'images/extra.jpg', 'images/\u00fc.jpg', 'images/c.JPEG']);
    expect(names[1]).toEqual(['images/b.png']);
    expect(of('other-name').length).toBe(2);
  });

  it('leaves out an image with any unusable object, and reports the objects', async () => {
    const xml = annotation(
      size,
      object('cat', box(1, 2, 'x', 4)),
      object('cat', ''),
      '<object><name/></object>',
      object('cat', '<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax></bndbox>'),
      object('cat', box(30, 20, 10, 5)),
      object('cat', box(90, 40, 110, 60), part),
      '<object>text</object>',
    );
    const { names, of } = await open(flat({ a: xml }));
    expect(names[0]).toEqual(['images/b.png']);
    expect(of('unreadable-labels')).toEqual([
      'images/a.jpg, undefined: 5 of the 7 objects of annotations/a.xml cannot be read',
    ]);
    expect(of('bad-object')).toEqual([
      'annotations/a.xml, object 1, bndbox/xmax: cat: xmax is "x", not a number',
      'annotations/a.xml, object 2, bndbox: cat has no bndbox',
      'annotations/a.xml, object 4, bndbox/ymax: cat: ymax is missing',
    ]);
    expect(of('unknown-class')).toEqual([
      'annotations/a.xml, object 3, name: the object has no name',
      'annotations/a.xml, object 7, name: the object has no name',
    ]);
  });

  it('keeps boxes that are turned inside out or leave the image', async () => {
    const xml = annotation(size, object('cat', box(30, 20, 10, 5)), object('cat', box(90, 40, 110, 60), part));
    const { first, of } = await open(flat({ a: xml }));
    expect([...(first?.objects.boxes ?? [])]).toEqual([30, 20, -20, -15, 90, 40, 20, 20]);
    expect([...(first?.objects.areas ?? [])]).toEqual([0, 400]);
    expect(of('empty-box')).toEqual([
      'annotations/a.xml, object 1, bndbox: images/a.jpg: box [30, 20, -20, -15] is turned inside out',
    ]);
    expect(of('outside-image')).toEqual([
      'annotations/a.xml, object 2, bndbox: images/a.jpg: box [90, 40, 20, 20] leaves the image of 100 × 50',
    ]);
  });

  it.each([
    ['cut off', oneCat.slice(0, 150), /is not complete XML: tags are still open at its end|not valid XML/],
    ['no XML', 'hello', /line 1, column 1: not valid XML/],
    ['empty', '', /not valid XML/],
    ['something else', '<html></html>', /is not a VOC annotation/],
    [
      'a bomb',
      `<!DOCTYPE a [<!ENTITY x "${'a'.repeat(9000)}">]><annotation>${'&x;'.repeat(5000)}</annotation>`,
      /cannot be read as XML: .*limit/,
    ],
    [
      'reaching for other files',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>',
      /External entities/,
    ],
  ])('leaves out an image whose annotation is %s', async (_, xml, message) => {
    const { names, of } = await open(flat({ b: xml }));
    expect(names[0]).toEqual(['images/a.jpg']);
    expect(of('unusable-image')).toEqual([expect.stringMatching(message)]);
    expect(of('unusable-image')[0]).toMatch(/^annotations\/b\.xml, /);
    expect(of('unusable-image')[0]?.split('annotations/b.xml')).toHaveLength(2);
  });

  it('reports listed names that do not exist, and missing images', async () => {
    const { names, of } = await open({
      ...flat({ gone: oneCat }, { 'train.txt': 'a\nnobody\nd\ngone\n', 'val.txt': 'c\n' }),
      'images/d.jpg': bytes,
    });
    expect(names).toEqual([['images/a.jpg'], ['images/c.JPEG'], []]);
    expect(of('missing-image')).toEqual([
      'train.txt, undefined: there is no nobody',
      'annotations/gone.xml, undefined: there is no image gone',
    ]);
    expect(of('unannotated-image')).toEqual(['train.txt, undefined: there is no d.xml']);
  });

  it('recognises boxes counted from 1, and moves them on request', async () => {
    const files = flat({ a: annotation(size, object('cat', box(1, 1, 100, 20)), object('cat', box(5, 6, 7, 8))) });
    files['annotations/b.xml'] = files['annotations/c.xml'] = annotation(size, object('cat', box(2, 3, 9, 9)));
    const asWritten = await open(files);
    expect(asWritten.of('voc-origin')).toEqual([expect.stringMatching(/^annotations, undefined: .*counted from 1/)]);
    expect([...(asWritten.first?.objects.boxes ?? [])].slice(0, 4)).toEqual([1, 1, 99, 19]);
    const moved = await open(files, { vocOrigin: 1 });
    expect(moved.of('voc-origin')).toEqual([]);
    expect([...(moved.first?.objects.boxes ?? [])]).toEqual([0, 0, 100, 20, 4, 5, 3, 3]);
    const fromZero = await open(
      { ...files, 'annotations/b.xml': annotation(size, object('cat', box(0, 3, 9, 9))) },
      { vocOrigin: 1 },
    );
    expect(fromZero.of('voc-origin')).toEqual([
      expect.stringMatching(/a box starts at 0: these boxes are not counted from 1$/),
    ]);
  });

  it('follows the encoding that annotations declare, and reports bytes that are not UTF-8', async () => {
    const xml = (encoding: string) =>
      oneCat.replaceAll('cat', 'café').replace('version="1.0"', `version="1.0"${encoding}`);
    const { dataset, of } = await open({
      ...flat({}),
      'annotations/a.xml': Buffer.from(xml(' encoding="ISO-8859-1"'), 'latin1'),
      'annotations/b.xml': Buffer.from(`\uFEFF${xml('')}`, 'utf16le'),
      'annotations/c.xml': Buffer.from(xml(''), 'latin1'),
    });
    expect(dataset.categories.map(({ name }) => name)).toEqual(['café']);
    expect(of('bad-value')).toEqual([
      'annotations/c.xml, undefined: line 4 is not UTF-8: the file is read as windows-1252',
    ]);
  });

  it('refuses a folder without anything usable', async () => {
    const broken = { 'annotations/a.xml': '<annotation>', 'images/a.jpg': bytes };
    await expect(open(broken)).rejects.toThrow(
      /^none of the 1 VOC annotations can be used\n.*: 1; the first: annotations\/a.xml: /,
    );
    const empty = { 'annotations/a.xml': annotation(size), 'images/a.jpg': bytes };
    await expect(open(empty)).rejects.toThrow(
      new DataError('no classes: none of the VOC annotations has an object that can be used'),
    );
  });
});
