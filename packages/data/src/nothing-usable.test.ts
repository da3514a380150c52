/** If nothing can be used, the message says why: the first reason of each kind, and how often it occurs. */
import { beforeAll, describe, expect, it } from 'vitest';
import { DataError } from './error.ts';
import { openDataset } from './open.ts';
import { type Content, jpeg, makeFolder } from './testing/dataset-folder.ts';

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(40, 30);
});

const coco = (fields: object = {}, image: object = {}) => ({
  images: [1, 2].map((id) => ({ id, file_name: `${id}.jpg`, width: 40, height: 30, ...image })),
  annotations: [1, 2].map((id) => ({ id, image_id: id, category_id: 1, bbox: [1, 1, 8, 8], ...fields })),
  categories: [{ id: 1, name: 'a' }],
});
const pictures = (content: Content): Record<string, Content> => ({ 'images/1.jpg': content, 'images/2.jpg': content });
const yolo = { 'data.yaml': 'train: images\nnames: [a]\n' };
const xml = (object: string) => `<annotation><object>${object}</object></annotation>`;
const box = '<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>';

async function reasons(files: Record<string, Content>): Promise<string[]> {
  const thrown = await openDataset(makeFolder(files)).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(DataError);
  return (thrown as DataError).message.split('\n');
}

describe('a data set without anything usable', () => {
  it.each<[string, () => Record<string, Content>, RegExp[]]>([
    [
      'COCO without its images',
      () => ({ 'train.json': coco() }),
      [
        /^none of the 2 images of train.json can be used, looked for in /,
        /missing images: 2; the first: .*there is no 1.jpg$/,
      ],
    ],
    [
      'COCO with damaged images',
      () => ({ 'train.json': coco(), ...pictures('') }),
      [
        /^none of the 2 images of train.json can be used$/,
        /empty, cut off or not images: 2; the first: .*images\/1.jpg is empty$/,
      ],
    ],
    [
      'COCO with images of an unsupported kind',
      () => ({ 'train.json': coco(), ...pictures(Buffer.from('\0\0\0\x0cjP  \r\n\x87\n', 'latin1')) }),
      [
        /^none of the 2 images/,
        /not supported as they are: 2; the first: .*is a JPEG 2000 file, which is not supported: convert it to PNG/,
      ],
    ],
    [
      'COCO with objects that cannot be read',
      () => ({ 'train.json': coco({ bbox: 'x' }), ...pictures(bytes) }),
      [
        /^none of the 2 images/,
        /cannot be read: 2; the first: .*1 of its 1 objects/,
        /usable box: 2; the first: .*annotations\[0\].bbox \(id 1\)/,
      ],
    ],
    [
      'COCO with images without ids',
      () => ({ 'train.json': coco({}, { id: null }), ...pictures(bytes) }),
      [
        /^the data set has no image that can be used$/,
        /cannot be used: 2; the first: .*null is not an id/,
        /not listed: 2/,
      ],
    ],
    [
      'YOLO with damaged images',
      () => ({ ...yolo, ...pictures('x'), 'labels/1.txt': '0 0.5 0.5 1 1', 'labels/2.txt': '0 0.5 0.5 1 1' }),
      [/^the data set has no image that can be used$/, /not images: 2; the first: images\/1.jpg: it cannot be read/],
    ],
    [
      'YOLO with labels that cannot be read',
      () => ({ ...yolo, ...pictures(bytes), 'labels/1.txt': '0 x', 'labels/2.txt': '5 0.5 0.5 1 1' }),
      [
        /^the data set/,
        /cannot be read: 2; the first: images\/1.jpg/,
        /unknown class: 1; the first: labels\/2.txt, line 1/,
        /usable box: 1/,
      ],
    ],
    [
      'YOLO with labels under other names',
      () => ({ ...yolo, ...pictures(bytes), 'labels/x.txt': '0 0.5 0.5 1 1' }),
      [
        /^the data set has no image that can be used$/,
        /missing images: 1; the first: labels\/x.txt/,
        /cannot be read: 2; the first: images\/1.jpg: it has no label file, and labels\/x.txt has no image/,
      ],
    ],
    [
      'YOLO with two images for each label file',
      () => ({ ...yolo, 'images/1.jpg': bytes, 'images/1.png': bytes, 'labels/1.txt': '0 0.5 0.5 1 1' }),
      [
        /^the data set/,
        /cannot be read: 2; the first: images\/1.jpg: labels\/1.txt may be its labels, or those of images\/1.png/,
      ],
    ],
    [
      'YOLO without labels',
      () => ({ ...yolo, ...pictures(bytes) }),
      [/^none of the 2 images of data.yaml has labels: looked for labels\/1.txt, images\/1.txt$/],
    ],
    [
      'VOC with objects that cannot be read',
      () => ({ 'annotations/1.xml': xml('<name>a</name>'), 'annotations/2.xml': xml(box), ...pictures(bytes) }),
      [
        /^none of the 2 VOC annotations can be used$/,
        /cannot be read: 2/,
        /unknown class: 1/,
        /usable box: 1; the first: annotations\/1.xml, object 1, bndbox/,
      ],
    ],
    [
      'VOC without its images',
      () => ({ 'annotations/1.xml': xml(`<name>a</name>${box}`), 'annotations/2.xml': '<annotation' }),
      [
        /^none of the 2 VOC/,
        /missing images: 1; the first: annotations\/1.xml: there is no image 1/,
        /annotation file cannot be used: 1/,
      ],
    ],
  ])('says why: %s', async (_, files, expected) => {
    const lines = await reasons(files());
    expect(lines).toHaveLength(expected.length);
    for (const [n, pattern] of expected.entries()) expect(lines[n]).toMatch(pattern);
  });
});
