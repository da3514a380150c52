import { type Dataset, shapesDataset } from '@dn-detr/data';
import { UserError } from '@dn-detr/train';
import { describe, expect, it } from 'vitest';
import { alignClasses } from './same-classes.ts';

const dataset = shapesDataset({ train: 1, val: 3, size: 32, classes: ['disc', 'square', 'ring'] });
const named = (...names: string[]) => names.map((name, i) => ({ id: 100 + i, name }));
const names = { data: 'DATA', model: 'MODEL' };
const align = (model: readonly string[], of: Dataset = dataset) => alignClasses(of, 'val', named(...model), names);

describe('alignClasses', () => {
  it('does not change data whose classes are in the same order', () => {
    const { categories, images } = align(['disc', 'square', 'ring']);
    expect(categories).toBe(dataset.categories);
    expect(images).toBe(dataset.val);
  });

  it('maps labels to the model’s, and keeps the data set’s ids and everything else', async () => {
    const { categories, images } = align(['ring', 'disc', 'square']);
    expect(categories).toEqual([
      { id: 3, name: 'ring' },
      { id: 1, name: 'disc' },
      { id: 2, name: 'square' },
    ]);
    const nameOf = (list: readonly { name: string }[], labels: Int32Array) => Array.from(labels, (l) => list[l]?.name);
    expect(images).toHaveLength(3);
    for (const [n, original] of dataset.val.entries()) {
      const { objects, ...image } = images[n] as (typeof images)[number];
      expect(nameOf(categories, objects.labels)).toEqual(nameOf(dataset.categories, original.objects.labels));
      expect(objects).toEqual({ ...original.objects, labels: objects.labels });
      expect(image).toMatchObject({ id: original.id, name: original.name, width: 32, height: 32 });
      expect(await image.read()).toEqual(await original.read());
    }
  });

  it.each([
    [['disc', 'square'], 'not in the model: ring'],
    [['disc', 'square', 'ring', 'star'], 'not in the data: star'],
    [['disc', 'square', 'Ring'], 'not in the data: Ring\n  not in the model: ring'],
  ])('names both lists where the model has %j', (model, difference) => {
    expect(() => align(model)).toThrow(UserError);
    expect(() => align(model)).toThrow(
      `DATA has other classes than the model of MODEL:\n  the data: disc, square, ring\n  the model: ${model.join(', ')}\n  ${difference}`,
    );
  });

  it('accepts classes with equal names only in the same positions', () => {
    const twice = { ...dataset, categories: named('a', 'b', 'a') };
    expect(align(['a', 'b', 'a'], twice).images).toBe(dataset.val);
    expect(() => align(['a', 'a', 'b'], twice)).toThrow('has other classes');
  });
});
