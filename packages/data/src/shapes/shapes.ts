/** A data set without files: coloured shapes, drawn from a seed when they are read. */
import type { Dataset, DatasetImage, ImageObjects } from '../dataset.ts';
import { randomStream } from '../random.ts';
import { drawScene } from './draw.ts';
import { type ShapesOptions, type ShapesSettings, shapesSettings } from './options.ts';
import { objectsOf, sceneOf } from './scene.ts';

/**
 * A finite set of images of discs, squares, triangles, rings, crosses and stars, in colours that have nothing to do
 * with the class. An image depends on seed, split, index and the other options, but not on the number of images: a
 * smaller set is the beginning of a larger one. Boxes are those of complete shapes, which lie inside the image, even
 * where another shape covers a part; areas are those of the boxes.
 *
 * @throws DataError if an option is unknown, has the wrong type or is out of range
 */
export function shapesDataset(options: ShapesOptions = {}): Dataset {
  const settings = shapesSettings(options);
  const { train, val, classes } = settings;
  const split = (name: 'train' | 'val', count: number, firstId: number): DatasetImage[] =>
    Array.from({ length: count }, (_, index) => shapesImage(settings, name, index, firstId + index));
  return {
    name: 'shapes',
    format: 'shapes',
    categories: classes.map((name, label) => ({ id: label + 1, name })),
    train: split('train', train, 1),
    val: split('val', val, train + 1),
    test: [],
  };
}

function shapesImage(settings: ShapesSettings, split: string, index: number, id: number): DatasetImage {
  const { width, height, seed, plain } = settings;
  const read = () => {
    const grain = plain ? undefined : randomStream(seed, 'shapes', split, index, 'texture');
    return drawScene(sceneOf(settings, split, index), width, height, grain);
  };
  return {
    id,
    name: `shapes/${split}/${index}`,
    width,
    height,
    objects: imageObjects(settings, split, index),
    read: async () => read(),
  };
}

function imageObjects(settings: ShapesSettings, split: string, index: number): ImageObjects {
  const shapes = objectsOf(settings, split, index);
  const boxes = shapes.map(({ box: { left, top, right, bottom } }) => [left, top, right - left, bottom - top]);
  return {
    labels: Int32Array.from(shapes, ({ label }) => label),
    boxes: Float64Array.from(boxes.flat()),
    areas: Float64Array.from(boxes, ([, , width, height]) => (width as number) * (height as number)),
    crowd: new Uint8Array(shapes.length),
  };
}
