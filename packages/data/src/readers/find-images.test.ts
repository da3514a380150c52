/** Image names as tools and machines write them, in the three formats that look images up by name. */
import { beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../open.ts';
import { type Content, jpeg, makeFolder } from '../testing/dataset-folder.ts';

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(40, 30);
});

const entry = (file_name: string, id = 1) => ({ id, file_name, width: 40, height: 30 });

/** The names of the files that a COCO file's names lead to, `undefined` where they lead to none. */
async function found(names: readonly string[], files: readonly string[]): Promise<(string | undefined)[]> {
  const images = names.map((name, n) => entry(name, n + 1));
  const annotations = images.map(({ id }) => ({ id, image_id: id, category_id: 1, bbox: [1, 1, 8, 8] }));
  // An image that always exists, so that the folder opens.
  const sure = { ...entry('sure.jpg', 1000) };
  const folder = makeFolder({
    'annotations/instances_train.json': { images: [...images, sure], annotations, categories: [{ id: 1, name: 'a' }] },
    'sure.jpg': bytes,
    ...Object.fromEntries(files.map((name) => [name, bytes])),
  });
  const { dataset } = await openDataset(folder);
  const all = [...dataset.train, ...dataset.val];
  return images.map(({ id }) => all.find((image) => image.id === id)?.name);
}

describe('a name in a COCO file', () => {
  it.each<[written: string, there: string]>([
    ['a.jpg', 'images/a.jpg'],
    ['./a.jpg', 'images/a.jpg'],
    ['sub/dir/a.jpg', 'images/sub/dir/a.jpg'],
    ['images\\1/a.jpg', 'images/a.jpg'],
    ['images/1/a.jpg', 'images/a.jpg'],
    ['images\\1\\deep\\a.jpg', 'images/deep/a.jpg'],
    ['C:\\Users\\me\\shots\\a.jpg', 'images/a.jpg'],
    ['C:/Users/me/images/a.jpg', 'images/a.jpg'],
    ['\\\\server\\share\\a.jpg', 'images/a.jpg'],
    ['/mnt/nas/set/a.jpg', 'images/a.jpg'],
    ['/content/cam0/a.jpg', 'images/cam0/a.jpg'],
    ['a.jpg', 'images/deep/er/a.jpg'],
    ['..\\..\\label-studio\\media\\upload\\4\\a.jpg', 'images/a.jpg'],
    ['https://img.example.org/set/a.jpg', 'images/a.jpg'],
    ['https://img.example.org/set/a.jpg?X-Sig=a/b&e=1', 'images/a.jpg'],
    ['https://img.example.org/set/a%20b.jpg#top', 'images/a b.jpg'],
    ['s3://bucket/set/a.jpg', 'images/a.jpg'],
    ['file:///home/me/a.jpg', 'images/a.jpg'],
    ['/data/local-files/?d=set/a.jpg', 'images/a.jpg'],
    ['/data/local-files/?d=set%5Cimages%5Ca.jpg', 'images/a.jpg'],
    ['a.jpg?raw=1', 'images/a.jpg'],
    ['a%20b.jpg', 'images/a b.jpg'],
    ['a b.jpg', 'images/a%20b.jpg'],
    ['my%20set/a.jpg', 'images/my set/a.jpg'],
    ['Images/a.jpg', 'images/a.jpg'],
    ['a.jpg ', 'images/a.jpg'],
    ['A.JPG', 'images/a.jpg'],
    ['cafe\u0301.jpg', 'images/caf\u00e9.jpg'],
    ['a', 'images/a.jpg'],
    ['frame.0001', 'images/frame.0001.jpg'],
    ['a.png', 'images/a.jpg'],
    ['other_folder/a.jpg', 'images/a.jpg'],
    ['train/a.jpg', 'images/a.jpg'],
  ])('%j leads to %j', async (written, there) => {
    expect(await found([written], [there])).toEqual([there]);
  });

  it.each<[why: string, written: string[], there: string[], expected: (string | undefined)[]]>([
    ['two files end alike', ['/x/a.jpg'], ['images/a.jpg', 'data/a.jpg'], [undefined]],
    ['two names end alike', ['x/a.jpg', 'y/a.jpg'], ['images/a.jpg'], [undefined, undefined]],
    ['two spellings are there', ['A.jpg'], ['images/a.jpg', 'images/a.JPG'], [undefined]],
    ['two extensions are there', ['a'], ['images/a.jpg', 'images/a.png'], [undefined]],
    ['the file belongs to another entry', ['A.jpg', 'a.jpg'], ['images/a.jpg'], [undefined, 'images/a.jpg']],
    [
      'the file belongs to an entry without folder',
      ['a.jpg', '/x/a.jpg'],
      ['images/a.jpg'],
      ['images/a.jpg', undefined],
    ],
    ['the file belongs to another split', ['a.jpg'], ['val/a.jpg'], [undefined]],
    ['the folder exists, but does not contain the file', ['set/a.jpg'], ['images/a.jpg', 'set/b.jpg'], [undefined]],
    ['the path names another folder', ['/mnt/x/cam1/a.jpg'], ['images/cam0/a.jpg'], [undefined]],
    ['the file is among masks', ['/home/me/images/a.png'], ['masks/a.png'], [undefined]],
    ['the file is hidden', ['images/.cache/a.jpg'], ['images/.cache/a.jpg'], [undefined]],
    [
      'a part that looks like a query belongs to the name',
      ['a#1.jpg', 'b?.jpg'],
      ['images/a.jpg', 'images/b.jpg'],
      [undefined, undefined],
    ],
    ['the name is different', ['a.jpg'], ['images/b.jpg'], [undefined]],
    ['the extension is a frame number', ['frame.0001'], ['images/frame.jpg'], [undefined]],
  ])('leads nowhere where %s', async (_, written, there, expected) => {
    expect(await found(written, there)).toEqual(expected);
  });

  it('may be listed twice, and in two splits', async () => {
    expect(await found(['/x/a.jpg', '/x/a.jpg'], ['images/a.jpg'])).toEqual(['images/a.jpg', 'images/a.jpg']);
  });

  it('does not lead to a file with another name and another size', async () => {
    const small = await jpeg(20, 15);
    const files = { 'images/sure.jpg': bytes, 'images/thumbnails/a.jpg': small, 'images/b.png': small };
    const images = [entry('sure.jpg', 1), entry('a.jpg', 2), entry('b.jpg', 3)];
    const json = { images, annotations: [], categories: [{ id: 1, name: 'a' }] };
    const { dataset, problems } = await openDataset(makeFolder({ ...files, 'train.json': json }));
    expect(dataset.train.map(({ id }) => id)).toEqual([1]);
    expect(problems.filter(({ kind }) => kind === 'missing-image').map(({ message }) => message)).toEqual([
      'there is no a.jpg, and images/thumbnails/a.jpg is 20 × 15 pixels, not 40 × 30',
      'there is no b.jpg, and images/b.png is 20 × 15 pixels, not 40 × 30',
    ]);
  });

  it('is not given the file of the same name that another split lists', async () => {
    const split = (id: number, file_name: string) => ({
      images: [entry(file_name, id)],
      annotations: [{ id, image_id: id, category_id: 1, bbox: [1, 1, 8, 8] }],
      categories: [{ id: 1, name: 'a' }],
    });
    const folder = makeFolder({
      'train.json': { ...split(1, '/mnt/a.jpg'), images: [entry('/mnt/a.jpg', 1), entry('b.jpg', 2)] },
      'val.json': split(3, 'a.jpg'),
      'images/a.jpg': bytes,
      'images/b.jpg': bytes,
    });
    const { dataset } = await openDataset(folder);
    expect(dataset.train.map(({ name }) => name)).toEqual(['images/b.jpg']);
    expect(dataset.val.map(({ name }) => name)).toEqual(['images/a.jpg']);
  });
});

describe('a line of a YOLO list', () => {
  it.each([
    'images/a.jpg',
    './images/a.jpg',
    'data/images/a.jpg',
    '/home/me/set/images/a.jpg',
    'C:\\set\\images\\a.jpg',
    'images\\a.jpg',
    'images/A.JPG',
    'images/a.jpg?raw=1',
  ])('%j leads to the image', async (line) => {
    const folder = makeFolder({
      'data.yaml': 'train: train.txt\nval: train.txt\nnames: [x]\n',
      'train.txt': `${line}\n`,
      'images/a.jpg': bytes,
      'labels/a.txt': '0 0.5 0.5 0.5 0.5\n',
    });
    const { dataset } = await openDataset(folder);
    expect(dataset.train.map(({ name, objects }) => [name, objects.labels.length])).toEqual([['images/a.jpg', 1]]);
  });

  it('is relative to the path that the yaml gives', async () => {
    const folder = makeFolder({
      'data.yaml': 'path: set\ntrain: lists/train.txt\nval: lists/train.txt\nnames: [x]\n',
      'set/lists/train.txt': 'images/a.jpg\n',
      'set/images/a.jpg': bytes,
      'set/labels/a.txt': '0 0.5 0.5 0.5 0.5\n',
      'images/a.jpg': bytes,
    });
    expect((await openDataset(folder)).dataset.train.map(({ name }) => name)).toEqual(['set/images/a.jpg']);
  });

  it('is reported where the image does not exist, without blaming a label', async () => {
    const files: Record<string, Content> = {
      'data.yaml': 'train: train.txt\nnames: [x]\n',
      'train.txt': 'images/gone.jpg\n/mnt/x/lost.jpg\n',
      'labels/gone.txt': '0 0.5 0.5 0.5 0.5\n',
    };
    await expect(openDataset(makeFolder(files))).rejects.toThrow(
      'none of the 2 images that train.txt names exists: looked for images/gone.jpg in .',
    );
    const some = {
      ...files,
      'train.txt': 'images/gone.jpg\nimages/a.jpg\n',
      'images/a.jpg': bytes,
      'labels/a.txt': '',
    };
    const { problems } = await openDataset(makeFolder(some));
    expect(problems).toContainEqual({
      kind: 'missing-image',
      file: 'train.txt',
      field: 'line 1',
      message: 'there is no images/gone.jpg',
    });
  });
});

describe('a folder of a YOLO yaml', () => {
  it.each([
    'images/train',
    '../images/train',
    '/content/images/train',
    'C:\\set\\images\\train',
    'set/images/train/',
    'Images/Train',
    'images%2Ftrain',
    '/kaggle/input/train',
  ])('%j leads to the images', async (written) => {
    const there = written.endsWith('input/train') ? 'train' : 'images/train';
    const folder = makeFolder({
      'data.yaml': `train: ${written}\nnames: [x]\n`,
      [`${there}/a.jpg`]: bytes,
      [`${there}/b.jpg`]: bytes,
      [`${there}/a.txt`]: '0 0.5 0.5 0.5 0.5\n',
      [`${there}/b.txt`]: '0 0.5 0.5 0.5 0.5\n',
    });
    const { dataset } = await openDataset(folder);
    expect(dataset.train.length + dataset.val.length).toBe(2);
  });
});

describe('the file name of a VOC annotation', () => {
  const xml = (fileName: string) =>
    `<annotation><filename>${fileName}</filename><object><name>x</name><bndbox><xmin>1</xmin><ymin>1</ymin>` +
    '<xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>';
  const imagesOf = async (files: Record<string, Content>) => {
    const { dataset } = await openDataset(makeFolder(files));
    return [...dataset.train, ...dataset.val].map(({ name }) => name).sort();
  };

  it.each(['photo.jpg', 'C:\\shots\\photo.jpg', '/home/me/photo.jpg', 'PHOTO.JPG', 'photo', 'x/ph%6Fto.jpg'])(
    '%j leads to an image with another name than the annotation',
    async (fileName) => {
      expect(await imagesOf({ 'annotations/1.xml': xml(fileName), 'images/photo.jpg': bytes })).toEqual([
        'images/photo.jpg',
      ]);
    },
  );

  it('decides between images that differ only in their extension', async () => {
    const files = {
      'images/a.jpg': bytes,
      'images/a.png': bytes,
      'images/b.jpg': bytes,
      'annotations/b.xml': xml('b'),
    };
    expect(await imagesOf({ ...files, 'annotations/a.xml': xml('a.png') })).toEqual(['images/a.png', 'images/b.jpg']);
    const { dataset, problems } = await openDataset(makeFolder({ ...files, 'annotations/a.xml': xml('') }));
    expect(dataset.train.map(({ name }) => name)).toEqual(['images/b.jpg']);
    expect(problems).toContainEqual({
      kind: 'missing-image',
      file: 'annotations/a.xml',
      message: 'its image may be images/a.jpg or images/a.png: name the right one as filename',
    });
  });

  it('belongs to only one annotation', async () => {
    const files = { 'images/a.jpg': bytes, 'annotations/a.xml': xml('a.jpg'), 'annotations/A.xml': xml('a.jpg') };
    const { dataset, problems } = await openDataset(makeFolder(files));
    expect(dataset.train.map(({ name }) => name)).toEqual(['images/a.jpg']);
    expect(problems.filter(({ kind }) => kind === 'missing-image').map(({ file }) => file)).toEqual([
      'annotations/A.xml',
    ]);
  });
});
