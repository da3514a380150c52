import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DataError } from './error.ts';
import { looseImages } from './loose-images.ts';
import { jpeg, makeFolder, plainImage } from './testing/dataset-folder.ts';

describe('looseImages', () => {
  it('opens files under their given names, and the images in a folder, but not in its subfolders', async () => {
    const folder = makeFolder({
      'b.png': await plainImage(10, 20).png().toBuffer(),
      'A.JPG': await jpeg(30, 40),
      'notes.txt': 'no image',
      'deeper/c.png': await plainImage(5, 5).png().toBuffer(),
      'alone/without-extension': await jpeg(7, 8),
    });
    const alone = path.join(folder, 'alone', 'without-extension');
    const { images, problems } = await looseImages([alone, folder, path.join(folder, '.', 'b.png')]);
    expect(problems).toEqual([]);
    expect(images.map(({ id, name, width, height }) => ({ id, name, width, height }))).toEqual([
      { id: 1, name: alone, width: 7, height: 8 },
      { id: 2, name: path.join(folder, 'A.JPG'), width: 30, height: 40 },
      { id: 3, name: path.join(folder, 'b.png'), width: 10, height: 20 },
    ]);
    for (const { objects } of images) expect(objects.labels.length + objects.boxes.length).toBe(0);
    expect((await images[2]?.read())?.data).toHaveLength(10 * 20 * 3);
  });

  it('has the size of the upright image', async () => {
    const turned = await plainImage(64, 48).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const folder = makeFolder({ 'turned.jpg': turned });
    const { images } = await looseImages([folder]);
    expect(images[0]).toMatchObject({ width: 48, height: 64 });
    expect(await images[0]?.read()).toMatchObject({ width: 48, height: 64 });
  });

  it('reports the paths without an image, and opens the rest', async () => {
    const folder = makeFolder({ 'text.jpg': 'no image', 'good.jpg': await jpeg(), 'empty/x.txt': '' });
    const at = (name: string) => path.join(folder, name);
    const { images, problems } = await looseImages([at('text.jpg'), at('none.jpg'), at('empty'), at('good.jpg')]);
    expect(images.map(({ name }) => name)).toEqual([at('good.jpg')]);
    expect(problems).toEqual([
      { path: at('none.jpg'), message: `there is no ${at('none.jpg')}` },
      { path: at('empty'), message: `there are no images in the folder ${at('empty')}` },
      { path: at('text.jpg'), message: expect.stringMatching(/text\.jpg cannot be read as an image \(.+\)$/) },
    ]);
  });

  it('opens an image with damaged pixels, whose read fails', async () => {
    const { data, info } = await sharp(
      Buffer.alloc(64 * 64 * 3).map((_, i) => (i * 97) % 251),
      {
        raw: { width: 64, height: 64, channels: 3 },
      },
    )
      .jpeg()
      .toBuffer({ resolveWithObject: true });
    const folder = makeFolder({ 'cut.jpg': data.subarray(0, info.size / 2) });
    const { images, problems } = await looseImages([folder]);
    expect(problems).toEqual([]);
    const reading = images[0]?.read();
    await expect(reading).rejects.toThrow(DataError);
    // There is no advice about annotations, because there are none.
    await expect(reading).rejects.toThrow(/cut\.jpg cannot be read as an image \(.+\)$/);
  });
});
