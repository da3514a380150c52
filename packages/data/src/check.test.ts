import { tiffFile } from '@dn-detr/testing/tiff-file';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkDataset } from './check.ts';
import { type Content, jpeg, makeFolder, plainImage } from './testing/dataset-folder.ts';

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(64, 48);
});

/** Checks a COCO folder whose train images are these files, each with one object, and whose val image is `good.jpg`. */
async function check(files: Record<string, Content>, fields: Record<string, object> = {}) {
  const entry = (name: string, n: number) => ({ id: n + 1, file_name: name, width: 64, height: 48, ...fields[name] });
  const object = (n: number, bbox = [1, 2, 30, 40]) => ({
    id: n + 1,
    image_id: n + 1,
    category_id: 1,
    bbox,
    iscrowd: 0,
  });
  const names = Object.keys(files);
  const good = await plainImage(64, 48).modulate({ brightness: 0.5 }).jpeg().toBuffer();
  const categories = [{ id: 1, name: 'cat' }];
  const folder = makeFolder({
    'train.json': { images: names.map(entry), annotations: names.map((_, n) => object(n)), categories },
    'val.json': { images: [entry('good.jpg', 0)], annotations: [object(0), object(0, [0, 0, 0, 5])], categories },
    'good.jpg': good,
    ...files,
  });
  const progress: [number, number][] = [];
  const report = await checkDataset(folder, { progress: (done, total) => progress.push([done, total]) });
  const found = report.problems
    .filter(({ file }) => file !== 'val.json')
    .map(({ kind, file, message }) => [kind, file, message]);
  return { report, found, progress };
}

describe('checkDataset', () => {
  it('reports no problems in a correct data set, and counts its objects', async () => {
    const { report, found, progress } = await check({ 'a.jpg': bytes });
    expect([report.usable, found]).toEqual([true, []]);
    expect(progress).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(report.summaries.train).toEqual({
      images: 1,
      imagesWithoutObjects: 0,
      objects: 1,
      objectsOfClass: [1],
      training: { objects: 1, crowd: 0, empty: 0, clipped: 0 },
      objectsPerImage: { min: 1, median: 1, mean: 1, max: 1 },
      imageWidth: { min: 64, median: 64, mean: 64, max: 64 },
      imageHeight: { min: 48, median: 48, mean: 48, max: 48 },
      boxSide: { min: Math.sqrt(1200), median: Math.sqrt(1200), mean: Math.sqrt(1200), max: Math.sqrt(1200) },
    });
    expect(report.summaries.val).toMatchObject({ objects: 2, training: { objects: 1, empty: 1 } });
    expect(report.summaries.test).toMatchObject({ images: 0, boxSide: { min: 0, max: 0 } });
  });

  it('lists every kind of image that is converted', async () => {
    const plain = () => plainImage(64, 48);
    const { report, found } = await check(
      {
        'grey.jpg': await plain().toColourspace('b-w').jpeg().toBuffer(),
        'cmyk.jpg': await plain().toColourspace('cmyk').jpeg().toBuffer(),
        'deep.png': await plain().toColourspace('rgb16').png().toBuffer(),
        'clear.png': await plain().ensureAlpha(0.5).png().toBuffer(),
        'infrared.tif': tiffFile({ width: 64, height: 48, channels: 4, data: new Uint8Array(64 * 48 * 4) }),
        'turned.jpg': await plain().jpeg().withMetadata({ orientation: 6 }).toBuffer(),
        'stored.jpg': await plain().jpeg({ quality: 50 }).withMetadata({ orientation: 8 }).toBuffer(),
      },
      { 'turned.jpg': { width: 48, height: 64 } },
    );
    expect(found).toEqual([
      ['greyscale', 'grey.jpg', 'one channel'],
      ['cmyk', 'cmyk.jpg', 'CMYK'],
      ['sixteen-bit', 'deep.png', '16 bits a channel'],
      ['alpha', 'clear.png', 'it has an alpha channel'],
      ['extra-bands', 'infrared.tif', 'the first three bands of 4'],
      ['exif-rotation', 'turned.jpg', 'orientation 6: turned upright'],
      ['exif-rotation', 'stored.jpg', 'orientation 8: annotated as 64 × 48, so used as stored'],
    ]);
    expect(report.usable).toBe(true);
  });

  it('finds images that would stop training', async () => {
    const spoilt = await plainImage(64, 48).png().toBuffer();
    spoilt.fill(0, spoilt.indexOf('IDAT') + 8, spoilt.indexOf('IDAT') + 24);
    const { report, found } = await check({ 'spoilt.png': spoilt, 'small.jpg': await jpeg(32, 24) });
    expect(found.map(([kind, file]) => [kind, file])).toEqual([
      ['unreadable-image', 'spoilt.png'],
      ['size-mismatch', 'small.jpg'],
    ]);
    expect(found[0]?.[2]).toMatch(/^it cannot be read as an image \(.+\)$/);
    expect(found[1]?.[2]).toBe('it is 32 × 24 pixels, but annotated as 64 × 48');
    expect(report.usable).toBe(false);
  });

  it('finds files with the same content, in one split and across two', async () => {
    const good = await plainImage(64, 48).modulate({ brightness: 0.5 }).jpeg().toBuffer();
    const { report, found } = await check({ 'a.jpg': bytes, 'b.jpg': bytes, 'c.jpg': good });
    expect(found).toEqual([
      ['same-image-twice', 'b.jpg', 'in train; the same bytes as a.jpg in train'],
      ['leakage', 'good.jpg', 'in val; the same bytes as c.jpg in train'],
    ]);
    expect(report.usable).toBe(true);
  });

  it('names an animated image', async () => {
    const { default: sharp } = await import('sharp');
    const frames = await Promise.all(
      [0.4, 0.8].map((brightness) => plainImage(64, 48).modulate({ brightness }).png().toBuffer()),
    );
    const gif = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    const { found } = await check({ 'a.gif': gif });
    expect(found.filter(([kind]) => kind === 'animated')).toEqual([['animated', 'a.gif', '2 frames']]);
  });

  it('reports an image that two splits share only once', async () => {
    const folder = makeFolder({
      'data.yaml': 'train: images\nval: images\nnames: [cat]\n',
      'images/a.png': await plainImage(64, 48).toColourspace('b-w').png().toBuffer(),
      'labels/a.txt': '0 0.5 0.5 0.2 0.2\n',
    });
    const { problems } = await checkDataset(folder);
    expect(problems.map(({ kind, file }) => [kind, file])).toEqual([
      ['leakage', 'images/a.png'],
      ['greyscale', 'images/a.png'],
    ]);
  });
});
