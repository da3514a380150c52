/**
 * An example of a user's reader, all in one file, for `boxes.csv` with a line `image,class,left,top,width,height` for
 * each object.
 */
import fs from 'node:fs';
import path from 'node:path';
import {
  type AnnotatedObject,
  type DatasetReader,
  describeFault,
  FileImage,
  ImageError,
  kindOfFault,
  packObjects,
  sizeOfWholeImage,
} from '@dn-detr/data';

interface CsvOptions {
  /** Unit of boxes: pixels, or fractions of the image's width and height. */
  readonly csvUnit: 'pixels' | 'parts';
}

export const csv = {
  name: 'csv',
  title: 'CSV',
  options: {
    csvUnit: { title: 'CSV unit', meaning: 'unit of CSV boxes', values: ['pixels', 'parts'] },
  },
  looksLike: () => 'boxes.csv',
  find: (folder) => folder.exact(path.join(folder.root, 'boxes.csv')),
  async read(file, { folder, problems, pixels }, { csvUnit }) {
    const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
    const rows = lines.map((line, n) => {
      const [image = '', className = '', ...box] = line.split(',');
      return { place: `line ${n + 1}`, image, className, box: box.map(Number) };
    });
    const classes = [...new Set(rows.map(({ className }) => className))].sort();
    const train: FileImage[] = [];
    for (const name of [...new Set(rows.map(({ image }) => image))].sort()) {
      const image = { id: train.length + 1, name, path: path.join(folder.root, name), pixels };
      try {
        const size = await sizeOfWholeImage(image.path, name, undefined, pixels);
        const [across, down] = csvUnit === 'parts' ? [size.width, size.height] : [1, 1];
        const own = rows.filter(({ image }) => image === name);
        const objects = own.map(({ className, box: [left = 0, top = 0, width = 0, height = 0] }): AnnotatedObject => {
          const box = [left * across, top * down, width * across, height * down] as const;
          return { label: classes.indexOf(className), box, area: box[2] * box[3], crowd: false };
        });
        const placeOf = (n: number) => ({ file: 'boxes.csv', field: own[n]?.place });
        const packed = packObjects(objects, { name, ...size }, placeOf, problems);
        train.push(new FileImage({ ...image, ...size, objects: packed }));
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        problems.push({ kind: kindOfFault(error), file: name, message: `it ${describeFault(error)}` });
      }
    }
    return { categories: classes.map((name, label) => ({ id: label + 1, name })), train };
  },
} as const satisfies DatasetReader<string, CsvOptions>;
