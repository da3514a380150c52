/** Files that systems and tools leave among data do not change the data set, in any format. */
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkDataset } from './check.ts';
import { looseImages } from './loose-images.ts';
import { openDataset } from './open.ts';
import { type Content, jpeg, makeFolder } from './testing/dataset-folder.ts';

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(40, 30);
});

const xml =
  '<annotation><object><name>a</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>';
const coco = (...names: string[]) => ({
  images: names.map((file_name, n) => ({ id: n + 1, file_name, width: 40, height: 30 })),
  annotations: names.map((_, n) => ({ id: n + 1, image_id: n + 1, category_id: 1, bbox: [1, 1, 8, 8] })),
  categories: [{ id: 1, name: 'a' }],
});

/** For each format: the data, and files that may be next to those of the data set. */
const formats: Record<string, { files: () => Record<string, Content>; junk: Record<string, Content> }> = {
  coco: {
    files: () => ({
      'annotations/instances_train.json': coco('1.jpg', '2.jpg'),
      'annotations/instances_val.json': coco('3.jpg'),
      ...Object.fromEntries([1, 2, 3].map((n) => [`images/${n}.jpg`, bytes])),
    }),
    junk: { 'annotations/instances_train.json': '\0\x05\x16\x07resource', 'images/1.jpg': 'x' },
  },
  yolo: {
    files: () => ({
      'data.yaml': 'train: images/train\nval: images/val\nnames: [a]\n',
      'images/train/1.jpg': bytes,
      'images/train/2.jpg': bytes,
      'images/val/3.jpg': bytes,
      'labels/train/1.txt': '0 0.5 0.5 0.5 0.5\n',
      'labels/val/3.txt': '0 0.5 0.5 0.5 0.5\n',
    }),
    junk: { 'data.yaml': '\0', 'images/train/1.jpg': '', 'labels/train/1.txt': '0 0.1 0.1 0.1 0.1\n' },
  },
  voc: {
    files: () => ({
      'Annotations/1.xml': xml,
      'Annotations/2.xml': xml,
      'JPEGImages/1.jpg': bytes,
      'JPEGImages/2.jpg': bytes,
      'ImageSets/Main/train.txt': '1\n',
      'ImageSets/Main/val.txt': '2\n',
    }),
    junk: { 'Annotations/1.xml': xml, 'JPEGImages/1.jpg': '', 'ImageSets/Main/train.txt': '2\n' },
  },
};

/** Paths of those copies, by the system or tool that leaves them. */
const places: Record<string, (file: string) => string> = {
  AppleDouble: (file) => path.posix.join(path.posix.dirname(file), `._${path.posix.basename(file)}`),
  'a folder of macOS archives': (file) => `__MACOSX/${file}`,
  Jupyter: (file) => beside(file, '.ipynb_checkpoints'),
  Synology: (file) => beside(file, '@eaDir'),
  'a recycle bin': (file) => `#recycle/${file}`,
  thumbnails: (file) => beside(file, '.thumbnails'),
  'a hidden file': (file) => beside(file, '.'),
  git: (file) => `.git/${file}`,
};
const beside = (file: string, folder: string) => {
  const [directory, name] = [path.posix.dirname(file), path.posix.basename(file)];
  return folder === '.' ? path.posix.join(directory, `.${name}`) : path.posix.join(directory, folder, name);
};

describe.each(Object.keys(formats))('files that are nobody’s data in %s', (format) => {
  const { files, junk } = formats[format] as (typeof formats)[string];
  const described = async (all: Record<string, Content>) => {
    const { dataset, notices, problems, passedOver } = await openDataset(makeFolder(all));
    const names = [dataset.train, dataset.val].map((split) => split.map(({ name, objects }) => [name, objects]));
    return { names, notices, problems, categories: dataset.categories, passedOver };
  };

  it.each(Object.keys(places))('are skipped: %s', async (kind) => {
    const copies = Object.entries(junk).map(([file, content]) => [places[kind]?.(file) as string, content]);
    const { passedOver: none, ...clean } = await described(files());
    const { passedOver, ...littered } = await described({
      ...files(),
      ...Object.fromEntries(copies),
      'Thumbs.db': 'x',
      'desktop.ini': 'x',
    });
    expect(littered).toEqual(clean);
    expect(none).toEqual([]);
    expect(passedOver.length).toBeGreaterThanOrEqual(3);
  });
});

describe('files that are nobody’s data', () => {
  it('are counted in one line of the check', async () => {
    const files = formats.yolo?.files() ?? {};
    const folder = makeFolder({ ...files, 'images/train/._1.jpg': 'x', 'images/train/.cache/2.jpg': bytes });
    const { notices } = await checkDataset(folder);
    expect(notices.filter((notice) => notice.includes('were skipped'))).toEqual([
      'hidden and system files or folders that were skipped: 2, such as images/train/._1.jpg',
    ]);
  });

  it('are skipped among loose images, unless they are named', async () => {
    const folder = makeFolder({ 'a.jpg': bytes, '._a.jpg': 'x', '.hidden.jpg': bytes, '@eaDir/b.jpg': bytes });
    const names = async (...paths: string[]) =>
      (await looseImages(paths)).images.map(({ name }) => path.basename(name));
    expect(await names(folder)).toEqual(['a.jpg']);
    expect(await names(path.join(folder, '.hidden.jpg'))).toEqual(['.hidden.jpg']);
  });

  it('are found in a folder that is hidden itself', async () => {
    const files = Object.entries(formats.voc?.files() ?? {}).map(([name, content]) => [`.data/${name}`, content]);
    const folder = path.join(makeFolder(Object.fromEntries(files)), '.data');
    expect((await openDataset(folder)).dataset.train.length).toBe(1);
  });
});
