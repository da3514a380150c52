/** An image with any unreadable object is not treated as background, in any format and split. */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from './open.ts';
import type { FolderFormat } from './readers/readers.ts';
import { type Content, jpeg, makeFolder } from './testing/dataset-folder.ts';

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(100, 50);
});

type Files = Record<string, Content | undefined>;

/** Images named after their expected fate: good ones, and one in each of train and val that is left out. */
const names = ['train/good.jpg', 'train/bad.jpg', 'val/good2.jpg', 'val/bad2.jpg'];
const images = (): Files => Object.fromEntries(names.map((name) => [`images/${name}`, bytes]));

const readable = { bbox: [10, 10, 20, 20], category_id: 1 };
const coco = (split: string, bad: readonly object[]) => ({
  categories: [{ id: 1, name: 'cat' }],
  images: names.flatMap((name, id) =>
    name.startsWith(split) ? [{ id, file_name: name.split('/')[1], width: 100, height: 50 }] : [],
  ),
  annotations: names.flatMap((name, image_id) => {
    if (!name.startsWith(split)) return [];
    const objects = name.includes('bad') ? bad : [readable];
    return objects.map((object, n) => ({ id: 10 * image_id + n + 1, image_id, ...object }));
  }),
});

const formats = {
  coco: (bad: readonly object[]): Files => ({
    'annotations/instances_train.json': coco('train', bad),
    'annotations/instances_val.json': coco('val', bad),
  }),
  yolo: (bad: string): Files => ({
    'data.yaml': 'train: images/train\nval: images/val\nnames: [cat]\n',
    'labels/train/good.txt': '0 0.5 0.5 0.2 0.2\n',
    'labels/val/good2.txt': '0 0.5 0.5 0.2 0.2\n',
    'labels/train/bad.txt': bad,
    'labels/val/bad2.txt': bad,
  }),
  voc: (bad: string): Files => ({
    'annotations/train/good.xml': xml(voc),
    'annotations/val/good2.xml': xml(voc),
    'annotations/train/bad.xml': xml(bad),
    'annotations/val/bad2.xml': xml(bad),
  }),
};

const xml = (objects: string) => `<annotation>${objects}</annotation>`;
const corners = '<bndbox><xmin>10</xmin><ymin>10</ymin><xmax>30</xmax><ymax>30</ymax></bndbox>';
const voc = `<object><name>cat</name>${corners}</object>`;

async function open(files: Files, format: FolderFormat) {
  const all = Object.entries({ ...images(), ...files }).filter(
    (entry): entry is [string, Content] => entry[1] !== undefined,
  );
  const { dataset, problems } = await openDataset(makeFolder(Object.fromEntries(all)), { format });
  const kept = [...dataset.train, ...dataset.val];
  return {
    kept: kept.map(({ name }) => name.split('/').at(-1)),
    objects: kept.map(({ objects }) => objects.labels.length),
    named: problems.filter(({ kind }) => kind === 'unreadable-labels' || kind === 'unusable-image'),
    kinds: new Set(problems.map(({ kind }) => kind)),
  };
}

const leftOut = async (files: Files, format: FolderFormat) => {
  const { kept, objects, named, kinds } = await open(files, format);
  expect(kept).toEqual(['good.jpg', 'good2.jpg']);
  expect(objects).toEqual([1, 1]);
  expect(named).toHaveLength(2);
  expect(kinds).not.toContain('no-objects');
};

describe('an object that cannot be read leaves its image out', () => {
  it.each<[string, object]>([
    ['a class that is not listed', { ...readable, category_id: 9 }],
    ['no class', { ...readable, category_id: null }],
    ['no box and no polygon', { ...readable, bbox: undefined }],
    ['an empty box', { ...readable, bbox: [] }],
    ['a box of three numbers', { ...readable, bbox: [1, 2, 3] }],
    ['a box of words', { ...readable, bbox: ['a', 'b', 'c', 'd'] }],
    ['a box as an object', { ...readable, bbox: { x: 1, y: 2, w: 3, h: 4 } }],
    ['a box beyond all images', { ...readable, bbox: [1e300, 0, 1, 1] }],
    ['a mask for a box', { ...readable, bbox: [], segmentation: { counts: [1, 2], size: [50, 100] } }],
    ['a polygon of two corners', { ...readable, bbox: [], segmentation: [[1, 2, 3, 4]] }],
    ['a crowd of no class', { ...readable, category_id: 9, iscrowd: 1 }],
  ])('COCO: %s', async (_, object) => {
    await leftOut(formats.coco([readable, object]), 'coco');
    await leftOut(formats.coco([object]), 'coco');
  });

  it.each([
    ['a class that is not listed', '7 0.5 0.5 0.2 0.2'],
    ['a class by name', 'cat 0.5 0.5 0.2 0.2'],
    ['no number', '0 nan 0.5 0.2 0.2'],
    ['pixels', '0 50 25 20 20'],
    ['too few numbers', '0 0.5 0.5'],
    ['a track', '0 0.5 0.5 0.2 0.2 17'],
    ['two readings', '0 0.5 0.5 0.2 0.2 0.3 0.4 1 0.2 0.5 0'],
    ['commas', '0,0.5,0.5,0.2,0.2'],
    ['another format', '<annotation/>'],
  ])('YOLO: %s', async (_, line) => {
    await leftOut(formats.yolo(`0 0.5 0.5 0.2 0.2\n${line}\n`), 'yolo');
    await leftOut(formats.yolo(line), 'yolo');
  });

  it.each([
    ['no name', `<object>${corners}</object>`],
    ['two names', `<object><name>cat</name><name>dog</name>${corners}</object>`],
    ['no box', '<object><name>cat</name></object>'],
    ['two boxes', `<object><name>cat</name>${corners}${corners}</object>`],
    ['only a polygon', '<object><name>cat</name><polygon><x1>1</x1><y1>1</y1></polygon></object>'],
    ['only a turned box', '<object><name>cat</name><robndbox><cx>3</cx></robndbox></object>'],
    ['a number with a comma', voc.replace('>30<', '>30,5<')],
    ['a missing corner', voc.replace('<xmin>10</xmin>', '')],
    ['an object without anything', '<object/>'],
    ['an unreadable object in a wrapper', '<objects><object><name>cat</name></object></objects>'],
    ['a tag that is not closed', '<object>'],
  ])('VOC: %s', async (_, object) => {
    await leftOut(formats.voc(`${voc}${object}`), 'voc');
    await leftOut(formats.voc(object), 'voc');
  });
});

describe('an object that can be read in another way keeps its image', () => {
  it.each<[string, object]>([
    ['polygons where there is no box', { ...readable, bbox: undefined, segmentation: [[10, 10, 30, 10, 30, 30]] }],
    [
      'polygons where the box is empty',
      {
        ...readable,
        bbox: [],
        segmentation: [
          [10, 10, 30, 10, 20, 20],
          [15, 12, 20, 30, 10, 29],
        ],
      },
    ],
    ['one polygon without a list', { ...readable, bbox: null, segmentation: [10, 10, 30, 10, 30, 30] }],
  ])('COCO: %s', async (_, object) => {
    const { kept, objects } = await open(formats.coco([object]), 'coco');
    expect(kept).toEqual(
      ['bad.jpg', 'good.jpg', 'bad2.jpg', 'good2.jpg'].sort(
        (a, b) => names.findIndex((name) => name.endsWith(`/${a}`)) - names.findIndex((name) => name.endsWith(`/${b}`)),
      ),
    );
    expect(objects).toEqual([1, 1, 1, 1]);
  });

  it('COCO: the box is the one around all polygons', async () => {
    const segmentation = [
      [12, 10, 30, 10, 20, 20],
      [15, 12, 20, 34, 10, 29],
    ];
    const folder = makeFolder({ ...images(), ...formats.coco([{ ...readable, bbox: [], segmentation }]) } as Record<
      string,
      Content
    >);
    const { dataset } = await openDataset(folder);
    const bad = dataset.train.find(({ name }) => name.endsWith('bad.jpg'));
    expect([...(bad?.objects.boxes ?? [])]).toEqual([10, 10, 20, 24]);
    expect([...(bad?.objects.areas ?? [])]).toEqual([480]);
  });

  it('YOLO: a confidence behind the box', async () => {
    expect((await open(formats.yolo('0 0.5 0.5 0.2 0.2 0.87\n'), 'yolo')).objects).toEqual([1, 1, 1, 1]);
  });

  it('VOC: objects within a wrapper, tags in capitals, a namespace', async () => {
    for (const object of [
      `<objects>${voc}</objects>`,
      voc.replace('<object>', '<Object>').replace('</object>', '</Object>'),
    ]) {
      expect((await open(formats.voc(object), 'voc')).objects).toEqual([1, 1, 1, 1]);
    }
    const prefixed = `<v:annotation xmlns:v="urn:v">${voc.replaceAll(/<(\/?)(\w)/g, '<$1v:$2')}</v:annotation>`;
    const files = { ...formats.voc(''), 'annotations/train/bad.xml': prefixed, 'annotations/val/bad2.xml': prefixed };
    expect((await open(files, 'voc')).objects).toEqual([1, 1, 1, 1]);
  });
});

describe('a COCO image without an object', () => {
  const whole = { categories: [{ id: 1, name: 'cat' }] };
  const object = { id: 1, image_id: 1, ...readable };
  const listed = (id: number, file_name: string) => ({ id, file_name, width: 100, height: 50 });
  const keptOf = async (list: readonly object[], annotations: readonly object[]) => {
    const train = { ...whole, images: list, annotations };
    const files = {
      'a.jpg': bytes,
      'b.jpg': bytes,
      'train.json': train,
      'val.json': { ...train, images: [listed(9, 'c.jpg')], annotations: [{ ...object, image_id: 9 }] },
    };
    const { dataset } = await openDataset(makeFolder({ ...files, 'c.jpg': bytes }));
    return dataset.train.map(({ id }) => id);
  };
  it('shows background', async () => {
    expect(await keptOf([listed(1, 'a.jpg'), listed(2, 'b.jpg')], [object])).toEqual([1, 2]);
  });

  it('does not show background where another entry of its file has objects', async () => {
    for (const name of ['a.jpg', './a.jpg']) {
      expect(await keptOf([listed(1, 'a.jpg'), listed(2, name)], [object])).toEqual([1]);
    }
  });

  it('does not show background where annotations do not say which image they belong to', async () => {
    expect(
      await keptOf([listed(1, 'a.jpg'), listed(2, 'b.jpg')], [object, { ...object, id: 2, image_id: null }]),
    ).toEqual([1]);
  });
});

describe('YOLO labels in an unexpected place', () => {
  const without = { 'labels/train/bad.txt': undefined, 'labels/val/bad2.txt': undefined };
  const label = '0 0.5 0.5 0.2 0.2\n';

  it.each<[string, Files]>([
    ['another split', { 'labels/val/bad.txt': label, 'labels/train/bad2.txt': label }],
    ['the folder above', { 'labels/bad.txt': label, 'labels/bad2.txt': label }],
    ['orphans with commas', { 'labels/train/7f.txt': '0,0.5,0.5,0.2,0.2', 'labels/val/7f.txt': 'cat 0.5 0.5 0.2 0.2' }],
  ])('leave no image as background: %s', async (_, files) => {
    await leftOut({ ...formats.yolo(''), ...without, ...files }, 'yolo');
  });

  it('may be those of a split that is not used', async () => {
    const files = { 'images/test/bad.jpg': bytes, 'labels/test/bad.txt': label };
    const { kept } = await open({ ...formats.yolo(''), ...without, ...files }, 'yolo');
    expect(kept).toHaveLength(4);
  });

  it('may be a dangling link', async () => {
    const all = Object.entries({ ...images(), ...formats.yolo('') }).filter(([name]) => !name.endsWith('bad.txt'));
    const folder = makeFolder(Object.fromEntries(all) as Record<string, Content>);
    fs.symlinkSync('/nowhere/bad.txt', path.join(folder, 'labels/train/bad.txt'));
    const { dataset, problems } = await openDataset(folder);
    expect(dataset.train.map(({ name }) => name)).toEqual(['images/train/good.jpg']);
    expect(problems.map(({ kind, file }) => `${kind} ${file}`)).toContain('unusable-image images/train/bad.jpg');
  });
});

describe('YOLO labels whose names have been changed', () => {
  /** Changes that tools, systems and archives make to names. */
  const changes: Record<string, (name: string) => string> = {
    nothing: (name) => name,
    'capital letters': (name) => name.toUpperCase(),
    'another Unicode form': (name) => name.normalize('NFD'),
    'percent-encoding': encodeURIComponent,
    'bytes read as Latin-1': (name) => Buffer.from(name).toString('latin1'),
    'a hash': (name) => `hash-${[...name].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 1e6, 7)}`,
    'a new beginning': (name) => `task-7-${name}`,
  };
  const names = ['Prise_écran_0', 'foto 1', 'ГОСТ-2', 'a', 'b+c', '写真'];

  it('never turn an image into background', async () => {
    const change = fc.constantFrom(...Object.keys(changes));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: names.length, maxLength: names.length }), async (chosen) => {
        const files: Record<string, Content> = {
          'data.yaml': 'train: images\nnames: [cat]\n',
          'images/sure.jpg': bytes,
          'labels/sure.txt': '0 0.5 0.5 0.2 0.2\n',
        };
        for (const [n, name] of names.entries()) {
          files[`images/${name}.jpg`] = bytes;
          const label = changes[chosen[n] as string]?.(name) as string;
          files[`labels/${label}.txt`] = '0 0.5 0.5 0.2 0.2\n'.repeat(n + 1);
        }
        const { dataset } = await openDataset(makeFolder(files));
        const kept = [...dataset.train, ...dataset.val].filter(({ name }) => name !== 'images/sure.jpg');
        for (const { name, objects } of kept) {
          const n = names.findIndex((stem) => name === `images/${stem}.jpg`);
          expect([name, objects.labels.length]).toEqual([name, n + 1]);
        }
        const recovered = names.filter((_, n) => Object.keys(changes).indexOf(chosen[n] as string) < 4);
        expect(kept.length).toBeGreaterThanOrEqual(recovered.length);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a YOLO label file whose image is uncertain', () => {
  const without = { 'labels/train/bad.txt': undefined, 'labels/val/bad2.txt': undefined };
  const label = '0 0.5 0.5 0.2 0.2\n';

  it('belongs to the image whose name has another spelling', async () => {
    const files = { ...formats.yolo(''), ...without, 'labels/train/B%61d.txt': label, 'labels/val/BAD2.TXT': label };
    expect((await open(files, 'yolo')).objects).toEqual([1, 1, 1, 1]);
  });

  it('leaves out the images in its folder that have no labels', async () => {
    await leftOut(
      { ...formats.yolo(''), ...without, 'labels/train/7f3a.txt': label, 'labels/val/b_d2.txt': label },
      'yolo',
    );
  });

  it('leaves them out next to the images too', async () => {
    await leftOut(
      { ...formats.yolo(''), ...without, 'images/train/7f3a.txt': label, 'images/val/b_d2.txt': label },
      'yolo',
    );
  });

  it('leaves no image out where every label file has one', async () => {
    const { kept, objects } = await open({ ...formats.yolo(''), ...without }, 'yolo');
    expect(kept).toHaveLength(4);
    expect(objects.toSorted()).toEqual([0, 0, 1, 1]);
  });

  it('belongs to one of two images that differ in letter case', async () => {
    const files = { ...formats.yolo(''), ...without, 'images/train/Good.jpg': bytes };
    const { kept, objects } = await open(files, 'yolo');
    expect(kept.map((name, n) => `${name} ${objects[n]}`)).toEqual([
      'Good.jpg 0',
      'bad.jpg 0',
      'good.jpg 1',
      'bad2.jpg 0',
      'good2.jpg 1',
    ]);
  });

  it('belongs to neither of two images that differ in their extension', async () => {
    const { kept, named } = await open({ ...formats.yolo(''), ...without, 'images/train/good.png': bytes }, 'yolo');
    expect(kept).toEqual(['bad.jpg', 'bad2.jpg', 'good2.jpg']);
    expect(named.map(({ message }) => message)).toEqual([
      'labels/train/good.txt may be its labels, or those of images/train/good.png',
      'labels/train/good.txt may be its labels, or those of images/train/good.jpg',
    ]);
  });

  it('belongs to the image in a supported format where the other is not in one', async () => {
    const { kept } = await open({ ...formats.yolo(''), ...without, 'images/train/good.dng': 'raw' }, 'yolo');
    expect(kept).toContain('good.jpg');
  });

  it('may be written in another format', async () => {
    await leftOut(
      { ...formats.yolo(''), ...without, 'labels/train/bad.xml': xml(voc), 'images/val/bad2.json': '{}' },
      'yolo',
    );
  });
});
