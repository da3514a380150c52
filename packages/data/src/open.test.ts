import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataError } from './error.ts';
import type { FileImage } from './image-file.ts';
import { type FolderDataset, openDataset } from './open.ts';
import { type Content, jpeg, makeFolder } from './testing/dataset-folder.ts';

const bccd = fileURLToPath(new URL('../../../test/fixtures/data/bccd', import.meta.url));

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(40, 30);
});

/** Twenty images with one object each, as COCO, and the first two as VOC. */
function twenty(order: (ids: number[]) => number[] = (ids) => ids): Record<string, Content> {
  const ids = order(Array.from({ length: 20 }, (_, n) => n + 1));
  const xml =
    '<annotation><object><name>a</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>';
  return {
    'annotations.json': {
      images: ids.map((id) => ({ id, file_name: `${id}.jpg`, width: 40, height: 30 })),
      annotations: ids.map((id) => ({ id, image_id: id, category_id: 1, bbox: [1, 1, 8, 8], area: 64 })),
      categories: [{ id: 1, name: 'a' }],
    },
    ...Object.fromEntries(ids.map((id) => [`images/${id}.jpg`, bytes])),
    'annotations/1.xml': xml,
    'annotations/2.xml': xml,
  };
}

const yolo: Record<string, Content> = {
  'data.yaml': 'train: images\nnames: [a]\n',
  ...Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`labels/${n + 1}.txt`, '0 0.5 0.5 0.5 0.5\n'])),
};

const valNames = ({ dataset }: { dataset: FolderDataset }) => dataset.val.map(({ name }) => name).sort();

describe('openDataset', () => {
  it('reads the same objects from both forms of one data set', async () => {
    const coco = (await openDataset(bccd, { format: 'coco' })).dataset;
    const voc = (await openDataset(bccd, { format: 'voc' })).dataset;
    expect([coco.train.length, coco.val.length]).toEqual([3, 1]);
    const describeImage = (dataset: FolderDataset, { name, width, height, objects }: FileImage) => ({
      name,
      width,
      height,
      areas: objects.areas,
      boxes: objects.boxes,
      crowd: objects.crowd,
      classes: [...objects.labels].map((label) => dataset.categories[label]?.name),
    });
    for (const split of ['train', 'val'] as const) {
      expect(voc[split].map((image) => describeImage(voc, image))).toEqual(
        coco[split].map((image) => describeImage(coco, image)),
      );
    }
    expect(coco.train.map(({ objects }) => objects.labels.length)).toEqual([15, 3, 12]);
    expect(coco.train[0]).toMatchObject({ id: 13, name: 'images/BloodImage_00013.jpg' });
    const read = await (coco.train[0] as FileImage).read();
    expect([read.width, read.height, read.data.length]).toEqual([320, 240, 320 * 240 * 3]);
  });

  it('finds the known errors of that data set in both forms', async () => {
    for (const format of ['coco', 'voc'] as const) {
      const { problems } = await openDataset(bccd, { format });
      const found = problems.map(({ kind, message }) => `${kind} ${message.split(':')[0]}`);
      expect(found.sort()).toEqual([
        'boxed-twice images/BloodImage_00013.jpg',
        'empty-box images/BloodImage_00338.jpg',
        'empty-box images/BloodImage_00343.jpg',
      ]);
    }
  });

  it('prefers COCO to YOLO to VOC, says so, and follows the option format', async () => {
    const all = await openDataset(makeFolder({ ...twenty(), ...yolo }));
    expect(all.dataset.format).toBe('coco');
    expect(all.notices[0]).toBe(
      'there are COCO and YOLO and VOC annotations: COCO is read unless you choose another format',
    );
    const { 'annotations.json': _, ...rest } = twenty();
    const folder = makeFolder({ ...rest, ...yolo });
    const two = await openDataset(folder);
    expect(two.dataset.format).toBe('yolo');
    expect(two.notices[0]).toBe('there are YOLO and VOC annotations: YOLO is read unless you choose another format');
    const voc = await openDataset(folder, { format: 'voc' });
    expect(voc.dataset.format).toBe('voc');
    expect(voc.notices).toEqual(['there is no val split: 1 of the 2 images of train become val (seed 0)']);
  });

  it('draws val with the seed, whatever the order of the files', async () => {
    const one = await openDataset(makeFolder(twenty()), { valFraction: 0.25 });
    const other = await openDataset(makeFolder(twenty((ids) => ids.reverse())), { valFraction: 0.25 });
    expect([one.dataset.train.length, one.dataset.val.length]).toEqual([15, 5]);
    expect(valNames(other)).toEqual(valNames(one));
    const seeded = await openDataset(makeFolder(twenty()), { valFraction: 0.25, seed: 1 });
    expect(valNames(seeded)).not.toEqual(valNames(one));
    expect(valNames(await openDataset(makeFolder(twenty())))).toHaveLength(4);
  });

  it('opens a folder without train, and one with a single image, with a notice', async () => {
    const one = {
      images: [{ id: 1, file_name: '1.jpg', width: 40, height: 30 }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 2, 2] }],
      categories: [{ id: 1, name: 'a' }],
    };
    const val = await openDataset(makeFolder({ 'val.json': one, '1.jpg': bytes }));
    expect([val.dataset.train, val.dataset.val.length]).toEqual([[], 1]);
    expect(val.notices).toEqual(['there is no train split']);
    expect(val.problems.map(({ kind }) => kind)).toContain('nothing-to-train');
    const train = await openDataset(makeFolder({ 'train.json': one, '1.jpg': bytes }));
    expect([train.dataset.train.length, train.dataset.val]).toEqual([1, []]);
    expect(train.notices).toEqual(['there is no val split, and one image is too few to make one']);
    expect(train.problems.map(({ kind }) => kind)).toContain('nothing-to-evaluate');
  });

  it('judges train by the objects that training uses', async () => {
    const open = async (annotations: object[], valAnnotations: object[] = annotations) => {
      const images = [{ id: 1, file_name: '1.jpg', width: 40, height: 30 }];
      const categories = [
        { id: 1, name: 'a' },
        { id: 2, name: 'b' },
      ];
      const folder = makeFolder({
        'train.json': { images, annotations, categories },
        'val.json': { images: [{ ...images[0], file_name: '2.jpg' }], annotations: valAnnotations, categories },
        '1.jpg': bytes,
        '2.jpg': bytes,
      });
      const { problems } = await openDataset(folder);
      return problems.filter(({ file }) => file === '.').map(({ kind, message }) => `${kind}: ${message}`);
    };
    const object = { id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 2, 2] };
    const unused = [
      { ...object, iscrowd: 1 },
      { ...object, id: 2, bbox: [1, 1, 0, 2] },
      { ...object, id: 3, bbox: [50, 1, 9, 2] },
    ];
    expect(await open(unused)).toEqual(['nothing-to-train: train has no objects that training uses']);
    const other = { ...object, id: 4, category_id: 2 };
    expect(await open([...unused, other])).toEqual(['unused-class: a has no objects in train that training uses']);
    expect(await open([object, other], [])).toEqual(['empty-validation: val has no objects, or only crowds']);
    expect(await open([object, other], unused.slice(0, 1))).toHaveLength(1);
  });

  it('says that a val folder is empty', async () => {
    const files = { ...yolo, 'data.yaml': 'train: images\nval: checks\nnames: [a]\n', 'checks/readme.txt': 'x' };
    const folder = makeFolder({ 'images/1.jpg': bytes, 'images/2.jpg': bytes, ...files });
    const { notices, problems } = await openDataset(folder);
    expect(notices).toEqual(['there is a val split, but it has no images that can be used']);
    expect(problems.map(({ kind }) => kind)).toContain('nothing-to-evaluate');
  });

  it('writes nothing', async () => {
    const folder = makeFolder({ ...twenty(), ...yolo });
    const state = () =>
      fs
        .readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .sort()
        .map((name) => [name, fs.statSync(path.join(folder, name)).mtimeMs]);
    const before = state();
    for (const format of ['coco', 'yolo', 'voc'] as const) await openDataset(folder, { format });
    expect(state()).toEqual(before);
  });

  it('follows links to images', async () => {
    const { 'images/1.jpg': _, ...files } = twenty();
    const elsewhere = makeFolder({ 'x.jpg': bytes });
    const folder = makeFolder(files);
    fs.symlinkSync(path.join(elsewhere, 'x.jpg'), path.join(folder, 'images/1.jpg'));
    fs.symlinkSync(folder, path.join(folder, 'images/loop'));
    fs.symlinkSync('nowhere', path.join(folder, 'images/dangling.jpg'));
    const { dataset, problems } = await openDataset(folder, { format: 'coco' });
    expect(dataset.train.length + dataset.val.length).toBe(20);
    expect(problems).toEqual([]);
  });

  it('says what it looked for', async () => {
    const thrown = await openDataset(
      makeFolder({ 'notes.txt': 'x', 'pictures/1.jpg': bytes, 'pom.xml': '<project/>' }),
    ).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(DataError);
    expect((thrown as DataError).message.split('\n').slice(1)).toEqual([
      '  COCO: annotations/instances_train2017.json, train.json, train/_annotations.coco.json and the like',
      "  YOLO: data.yaml, or another .yaml with names; darknet's obj.data; classes.txt or obj.names next to images and labels",
      '  VOC: VOC2007/Annotations with JPEGImages, annotations/*.xml with images, or .xml next to the images',
    ]);
    expect((thrown as DataError).message).toMatch(
      /^no data set in .+, which contains pictures\/, notes.txt, pom.xml. Looked for\n/,
    );
    await expect(openDataset(makeFolder(twenty()), { format: 'yolo' })).rejects.toThrow(
      /^no YOLO data set in .*\n {2}YOLO: data.yaml[^\n]*$/,
    );
    await expect(openDataset(makeFolder())).rejects.toThrow(/which contains nothing/);
  });

  it('refuses a path that is not a folder, and invalid fractions', async () => {
    await expect(openDataset('/no/such/folder')).rejects.toThrow(new DataError('there is no folder /no/such/folder'));
    const file = path.join(makeFolder({ x: 'y' }), 'x');
    await expect(openDataset(file)).rejects.toThrow(
      new DataError(`${file} is a file: expected the folder of a data set`),
    );
    for (const valFraction of [0, 1, -1, Number.NaN]) {
      await expect(openDataset(bccd, { valFraction })).rejects.toThrow(
        /^the fraction for val is .*: expected a number between 0 and 1$/,
      );
    }
  });
});
