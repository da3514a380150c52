/**
 * Draws `shapes.png`, the picture in the README: two rows of shapes as drawn by default, one of plain ones. Run it from
 * the repository's root: node --conditions=@dn-detr/source --import tsx packages/data/docs/draw-shapes.ts
 */
import { fileURLToPath } from 'node:url';
import { type DatasetImage, shapesDataset } from '@dn-detr/data';
import sharp from 'sharp';

const [side, gap, columns] = [128, 4, 6];
const cell = side + gap;

async function tile(image: DatasetImage, column: number, row: number): Promise<sharp.OverlayOptions[]> {
  const { data, width, height } = await image.read();
  const scale = side / width;
  const pixels = sharp(data, { raw: { width, height, channels: 3 } }).resize(side, side, { kernel: 'nearest' });
  const { boxes, labels } = image.objects;
  const rectangles = Array.from(labels, (_, n) => {
    const [x, y, w, h] = [...boxes.subarray(4 * n, 4 * n + 4)].map((value) => scale * value);
    const rectangle = `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="none" `;
    return `${rectangle} stroke="black" stroke-width="2.4"/>${rectangle} stroke="white" stroke-width="1.2"/>`;
  });
  const frame = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">${rectangles.join('')}</svg>`;
  const place = { left: gap + column * cell, top: gap + row * cell };
  return [
    { input: await pixels.png().toBuffer(), ...place },
    { input: Buffer.from(frame), ...place },
  ];
}

const { train } = shapesDataset({ train: 2 * columns, val: 0 });
const plain = shapesDataset({
  train: columns,
  val: 0,
  size: 64,
  classes: 3,
  plain: true,
  objects: { most: 4 },
  scale: { least: 0.22, most: 0.56 },
});
const tiles = await Promise.all(
  [...train, ...plain.train].map((image, n) => tile(image, n % columns, Math.floor(n / columns))),
);
const sheet = { width: gap + columns * cell, height: gap + 3 * cell, channels: 3, background: 'white' } as const;
await sharp({ create: sheet })
  .composite(tiles.flat())
  .png({ palette: true, colours: 128, dither: 0, effort: 10 })
  .toFile(fileURLToPath(new URL('shapes.png', import.meta.url)));
