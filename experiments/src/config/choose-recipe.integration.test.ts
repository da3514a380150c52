import type { Dataset, DatasetImage } from '@dn-detr/data';
import { resolveSettings, runSettings, withChanges } from '@dn-detr/train';
import { describe, expect, it } from 'vitest';
import { recipeFor, takesOneMap } from './choose-recipe.ts';

interface Photos {
  readonly count: number;
  readonly size?: readonly [width: number, height: number];
  readonly objects?: number;
  /** The side of an object in pixels. */
  readonly side?: number;
}

/** Images of the same size with the same number of objects, all of one size. */
const photos = ({ count, size: [width, height] = [640, 480], objects = 5, side = 100 }: Photos): DatasetImage[] => {
  const shared = {
    labels: new Int32Array(objects),
    boxes: Float64Array.from({ length: 4 * objects }, (_, i) => (i % 4 < 2 ? 0 : side)),
    areas: new Float64Array(objects).fill(side * side),
    crowd: new Uint8Array(objects),
  };
  const read = () => Promise.reject(new Error('no pixel is looked at'));
  return Array.from({ length: count }, (_, n) => ({ id: n, name: `${n}.jpg`, width, height, objects: shared, read }));
};

const dataset = (train: readonly DatasetImage[], val = train.slice(0, Math.ceil(train.length / 4))): Dataset => ({
  ...{ name: 'mine', format: 'coco', categories: [{ id: 1, name: 'thing' }] },
  ...{ train, val, test: [] },
});

const configOf = (data: Dataset, models: readonly string[] = [], given = {}) => {
  const { recipe, reason } = recipeFor(data, models, given);
  const { config } = resolveSettings(withChanges(runSettings(recipe.config, recipe.name), given));
  return { ...config, recipe: recipe.name, reason };
};

describe('the recipe for a folder', () => {
  it.each<[string, Photos, object]>([
    ['a few large photos', { count: 32, size: [4000, 3000], side: 900 }, { longSide: 320, queries: 60, steps: 500 }],
    // BCCD's figures
    ['BCCD', { count: 205, size: [320, 240], objects: 30, side: 51 }, { longSide: 320, queries: 60, steps: 500 }],
    ['microscopy', { count: 240, size: [512, 512], objects: 41, side: 20 }, { longSide: 480, queries: 70, steps: 600 }],
    [
      'drone images, whose objects have 5 pixels at 320',
      { count: 4000, size: [1920, 1080], objects: 200, side: 30 },
      { longSide: 640, queries: 300, steps: 4000 },
    ],
    ['tiny images, which are enlarged', { count: 100, size: [60, 40], side: 5 }, { longSide: 320, steps: 500 }],
    ['small objects in small images, which stay', { count: 100, size: [400, 300], side: 10 }, { longSide: 320 }],
    [
      // 20 × 3 + 10 × 2 + 5 cells at 320
      'strips with fewer cells than queries',
      { count: 100, size: [2000, 250], objects: 60, side: 150 },
      { longSide: 480, queries: 90 },
    ],
  ])('%s', (_, images, { longSide, queries, steps }: { longSide?: number; queries?: number; steps?: number }) => {
    const config = configOf(dataset(photos(images)));
    expect(config).toMatchObject({
      recipe: 'photographs',
      model: { name: 'dn-deformable-detr', backbone: { kind: 'efficientnet-lite' }, ...(queries && { queries }) },
      data: { canvas: { longSide } },
      ...(steps && { length: { unit: 'steps', count: steps }, evaluation: { every: steps / 4 } }),
    });
  });

  it('also counts objects in validation images, and says why', () => {
    const { model, reason } = configOf(dataset(photos({ count: 9 }), photos({ count: 1, objects: 50 })));
    expect(model.queries).toBe(80);
    expect(reason).toBe(
      'pretrained features, since dn-deformable-detr takes several levels of them: recipe photographs, 500 steps for 9 ' +
        'training images, 320 × 240 (images are most often 640 × 480), where half of the objects are at least 50 ' +
        'pixels large, 80 queries for up to 50 objects in an image; --recipe selects another',
    );
  });

  it('uses and evaluates only a part of a large data set, and says so', () => {
    const { length, evaluation, reason } = configOf(dataset(photos({ count: 118_287 }), photos({ count: 5000 })));
    expect(length.count).toBe(4000);
    expect(evaluation).toMatchObject({ every: 1000, images: 1000 });
    expect(reason).toContain('4,000 steps for 118,287 training images');
    expect(reason).toContain('evaluated on the first 1,000 images of 5,000 validation images');
  });

  it.each<[object, number]>([
    [{ length: { unit: 'steps', count: 4000 } }, 1000],
    [{ length: { unit: 'steps', count: 10 } }, 3],
    [{ 'length.count': 800 }, 200],
    [{ length: { unit: 'epochs', count: 8 } }, 125],
    [{ length: { unit: 'steps', count: 4000 }, 'evaluation.every': 7 }, 7],
  ])('evaluates four times in a run of given steps: %j', (given, every) => {
    expect(configOf(dataset(photos({ count: 9 })), [], given).evaluation.every).toBe(every);
  });

  it('does not explain settings that are given', () => {
    const nine = dataset(photos({ count: 9 }));
    const lengths = [{ length: { unit: 'epochs', count: 2 } }, { 'length.count': 4 }];
    for (const length of lengths) {
      const given = { ...length, 'data.canvas.longSide': 480, 'model.queries': 70 };
      expect(configOf(nine, ['dino', 'detr', 'dino'], given).reason).toBe(
        'pretrained features, since dino takes several levels of them: recipe photographs; --recipe selects another',
      );
    }
    const large = dataset(photos({ count: 9 }), photos({ count: 1001 }));
    expect(configOf(large, [], { 'evaluation.every': 10 }).reason).toContain(
      'evaluated on the first 1,000 images of 1,001',
    );
    expect(configOf(large, [], { 'evaluation.images': 10 }).reason).not.toContain('evaluated');
  });

  it('names the most frequent size of landscape and portrait images', () => {
    const standing = photos({ count: 6, size: [480, 640] });
    const { reason } = configOf(dataset([...photos({ count: 5 }), ...standing]));
    expect(reason).toContain('320 × 320 (images are most often 480 × 640), where');
  });

  it('limits known queries of crowded images, whatever the model', () => {
    const crowded = dataset(photos({ count: 9, objects: 101, side: 50 }));
    for (const name of ['dn-deformable-detr', 'dino']) {
      expect(configOf(crowded, [name], { 'model.name': name }).denoising).toMatchObject({
        maxKnownQueries: 500,
        slotBucket: null,
      });
    }
    const sparse = dataset(photos({ count: 9, objects: 100, side: 50 }));
    expect(configOf(sparse, ['dino'], { 'model.name': 'dino' }).denoising?.maxKnownQueries).toBe(200);
  });

  it('refuses more objects than models are known to find, unless queries are set', () => {
    const full = dataset([...photos({ count: 9 }), ...photos({ count: 1, objects: 1500 })]);
    expect(() => recipeFor(full, [])).toThrow(
      '0.jpg in mine has 1,500 objects, which would take 2,250 queries: models are known to work with up to 900. Cut the ' +
        'images into tiles with at most 600 objects each, or leave some objects without a query: --set model.queries=900',
    );
    expect(configOf(full, [], { 'model.queries': 900 }).model.queries).toBe(900);
    expect(configOf(dataset(photos({ count: 9, objects: 600 }))).model.queries).toBe(900);
  });

  it('is the one from scratch if all models have one feature map', () => {
    const wide = dataset(photos({ count: 9, objects: 50 }));
    const config = configOf(wide, ['detr', 'dn-detr'], { 'model.name': 'dn-detr' });
    expect(config).toMatchObject({
      recipe: 'small',
      model: { queries: 80 },
      data: { canvas: { width: 128, height: 96 } },
      length: { count: 6000 },
      denoising: { slotBucket: 10 },
    });
    expect(config.reason).toMatch(
      /^from scratch, since detr and dn-detr take one feature map: recipe small, 6,000 steps for 9 training images, 128 × 96 \(images /,
    );
    expect(recipeFor(wide, ['detr', 'dino']).recipe.name).toBe('photographs');
  });
});

it('knows which models take one feature map', () => {
  const named = ['detr', 'dab-detr', 'dn-detr', 'deformable-detr', 'dino', 'no such model'];
  expect(named.map(takesOneMap)).toEqual([true, true, true, false, false, false]);
});
