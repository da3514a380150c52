/** A format is one object in one file, and one entry in a list. */
import path from 'node:path';
import { csv } from '@dn-detr/testing/csv-reader';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkDataset } from '../check.ts';
import { exportCoco } from '../coco-export.ts';
import { DataError } from '../error.ts';
import { openDataset } from '../open.ts';
import { type Content, jpeg, makeFolder } from '../testing/dataset-folder.ts';
import { datasetReaders } from './readers.ts';

const readers = [...datasetReaders, csv];

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(40, 30);
});

const files = (lines: readonly string[], more: Record<string, Content> = {}) =>
  makeFolder({ 'boxes.csv': lines.join('\n'), 'a.jpg': bytes, 'b.jpg': bytes, ...more });
const boxes = ['a.jpg,cat,4,3,20,15', 'b.jpg,dog,0,0,10,10', 'b.jpg,cat,30,20,20,5'];
const yoloLabels = { 'classes.txt': 'cat\n', 'labels/a.txt': '0 0.5 0.5 0.5 0.5\n' };
const vocXml =
  '<annotation><object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>';

describe('a reader that is added to the list', () => {
  it('opens its folder like the other readers', async () => {
    const { dataset, notices, problems } = await openDataset(files(boxes), { readers, valFraction: 0.5 });
    expect(dataset).toMatchObject({ format: 'csv', categories: [{ name: 'cat' }, { name: 'dog' }], test: [] });
    expect([dataset.train.length, dataset.val.length]).toEqual([1, 1]);
    expect(notices).toEqual(['there is no val split: 1 of the 2 images of train become val (seed 0)']);
    expect(problems.filter(({ file }) => file !== '.')).toEqual([
      {
        kind: 'outside-image',
        file: 'boxes.csv',
        field: 'line 3',
        message: 'b.jpg: box [30, 20, 20, 5] leaves the image of 40 × 30',
      },
    ]);
  });

  it('has its folder checked, with all images decoded', async () => {
    const folder = files([...boxes, 'c.jpg,cat,1,1,2,2'], { 'c.jpg': bytes.subarray(0, 200) });
    const { dataset, problems, summaries, usable } = await checkDataset(folder, { readers, valFraction: 0.5 });
    expect(usable).toBe(true);
    expect(summaries.train.images + summaries.val.images).toBe(2);
    expect(problems.map(({ kind, file }) => `${kind} ${file}`)).toEqual(
      expect.arrayContaining(['damaged-image c.jpg', `leakage ${dataset.val[0]?.name}`]),
    );
  });

  it('has its data set exported as COCO', async () => {
    const { dataset } = await openDataset(files(boxes), { readers, valFraction: 0.5 });
    const out = path.join(makeFolder(), 'coco');
    await exportCoco(dataset, out);
    const { dataset: written } = await openDataset(out);
    const objects = ({ train, val }: typeof dataset) => [...train, ...val].map(({ objects }) => [...objects.boxes]);
    expect(written.format).toBe('coco');
    expect(objects(written)).toEqual(objects(dataset));
  });

  it('has its own options, which are checked', async () => {
    const folder = files(['a.jpg,cat,0.1,0.1,0.5,0.5', 'b.jpg,cat,0,0,1,1']);
    const { dataset } = await openDataset(folder, { readers, csvUnit: 'parts', valFraction: 0.5 });
    expect([...dataset.train, ...dataset.val].map(({ objects }) => [...objects.boxes])).toEqual(
      expect.arrayContaining([
        [4, 3, 20, 15],
        [0, 0, 40, 30],
      ]),
    );
    // @ts-expect-error: no such value
    await expect(openDataset(folder, { readers, csvUnit: 'inches' })).rejects.toThrow(
      new DataError("csvUnit is 'inches': expected 'pixels' or 'parts'"),
    );
    // @ts-expect-error: without the reader, there is no such option
    await expect(openDataset(folder, { csvUnit: 'parts' })).rejects.toThrow(/^no data set in/);
  });

  it('reports options of other readers that have no effect', async () => {
    const { notices } = await openDataset(files(boxes), { readers, vocOrigin: 1 });
    expect(notices[0]).toBe('the VOC origin applies only to VOC: it has no effect on CSV boxes');
    const voc = await openDataset(files(boxes, { 'a.xml': vocXml, 'b.xml': vocXml }), { readers, csvUnit: 'parts' });
    expect(voc.notices.slice(0, 2)).toEqual([
      'there are VOC and CSV annotations: VOC is read unless you choose another format',
      'the CSV unit applies only to CSV: it has no effect on VOC boxes',
    ]);
  });

  it('takes precedence over guesses of earlier readers, but not over their findings', async () => {
    const guessed = await openDataset(files(boxes, yoloLabels), { readers });
    expect([guessed.dataset.format, guessed.notices.length]).toEqual(['csv', 1]);
    const { dataset } = await openDataset(files(boxes, yoloLabels), { readers, format: 'yolo' });
    expect(dataset.format).toBe('yolo');
    const found = await openDataset(files(boxes, { ...yoloLabels, 'data.yaml': 'train: .\nnames: [cat]\n' }), {
      readers,
    });
    expect(found.dataset.format).toBe('yolo');
    const first = await openDataset(files(boxes, { 'a.xml': vocXml, 'b.xml': vocXml }), {
      readers: [csv, ...datasetReaders],
    });
    expect(first.dataset.format).toBe('csv');
  });

  it('is named where nothing is recognised', async () => {
    const folder = makeFolder({ 'a.jpg': bytes });
    await expect(openDataset(folder, { readers })).rejects.toThrow(/\n {2}VOC: [^\n]*\n {2}CSV: boxes.csv$/);
    await expect(openDataset(folder, { readers, format: 'csv' })).rejects.toThrow(/^no CSV data set in .*\n {2}CSV:/);
    // @ts-expect-error: not in the list
    await expect(openDataset(folder, { format: 'csv' })).rejects.toThrow(
      new DataError('there is no reader for the format csv: expected coco, yolo, voc'),
    );
  });
});
