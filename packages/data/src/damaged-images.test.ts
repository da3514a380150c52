/** Damaged images follow one rule, whatever the format of the annotations. */
import { beforeAll, describe, expect, it } from 'vitest';
import { checkDataset } from './check.ts';
import { openDataset } from './open.ts';
import type { Problem } from './problem.ts';
import { type Content, makeFolder, plainImage } from './testing/dataset-folder.ts';

let images: Record<string, Content>;
beforeAll(async () => {
  const bytes = await plainImage(40, 30).jpeg().toBuffer();
  const png = await plainImage(40, 30).png().toBuffer();
  const spoilt = Buffer.from(png);
  // In the compressed pixels: the length stays the same, and so do the beginning and the end.
  spoilt.fill(0, png.indexOf('IDAT') + 8, png.indexOf('IDAT') + 24);
  images = {
    'good.jpg': bytes,
    'other.jpg': await plainImage(40, 30).modulate({ brightness: 0.5 }).jpeg().toBuffer(),
    'empty.jpg': '',
    'cut.jpg': bytes.subarray(0, -50),
    'half.png': png.subarray(0, png.length / 2),
    'text.jpg': 'no image',
    'spoilt.png': spoilt,
  };
});

const names = () => Object.keys(images);
const stem = (name: string) => name.split('.')[0];

const xml =
  '<annotation><size><width>40</width><height>30</height></size><object><name>a</name><bndbox><xmin>1</xmin>' +
  '<ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>';

const folders = {
  coco: () => ({
    ...inFolder('images'),
    'train.json': {
      images: names().map((file_name, id) => ({ id, file_name, width: 40, height: 30 })),
      annotations: names().map((_, id) => ({ id: id + 1, image_id: id, category_id: 1, bbox: [1, 1, 8, 8] })),
      categories: [{ id: 1, name: 'a' }],
    },
  }),
  yolo: () => ({
    ...inFolder('images'),
    'data.yaml': 'train: images\nnames: [a]\n',
    ...Object.fromEntries(names().map((name) => [`labels/${stem(name)}.txt`, '0 0.5 0.5 0.5 0.5\n'])),
  }),
  voc: () => ({
    ...inFolder('images'),
    ...Object.fromEntries(names().map((name) => [`annotations/${stem(name)}.xml`, xml])),
  }),
};
const inFolder = (folder: string): Record<string, Content> =>
  Object.fromEntries(Object.entries(images).map(([name, content]) => [`${folder}/${name}`, content]));

const described = (problems: readonly Problem[], kind: string) =>
  problems.flatMap(({ kind: other, file, message }) => (other === kind ? [`${file}: ${message}`] : [])).sort();

describe.each(['coco', 'yolo', 'voc'] as const)('damaged images of %s', (format) => {
  it('are left out and counted where the damage shows at their ends', async () => {
    const { dataset, problems } = await openDataset(makeFolder(folders[format]()));
    expect([...dataset.train, ...dataset.val].map(({ name }) => name).sort()).toEqual([
      'images/good.jpg',
      'images/other.jpg',
      'images/spoilt.png',
    ]);
    const found = described(problems, 'damaged-image').map((text) => text.replace('train.json: ', ''));
    const place = (name: string) => (format === 'coco' ? `images/${name} ` : `images/${name}: it `);
    expect(found.map((text) => text.replace(/ \(.*\)$/, ''))).toEqual([
      `${place('cut.jpg')}cannot be read as an image`,
      `${place('empty.jpg')}is empty`,
      `${place('half.png')}cannot be read as an image`,
      `${place('text.jpg')}cannot be read as an image`,
    ]);
  });

  it('are found by the check where only decoding shows the damage', async () => {
    const { problems, usable } = await checkDataset(makeFolder(folders[format]()));
    const found = described(problems, 'unreadable-image');
    expect(found).toEqual([expect.stringMatching(/^images\/spoilt\.png: it cannot be read as an image \(.+\)$/)]);
    expect(usable).toBe(false);
  });
});
