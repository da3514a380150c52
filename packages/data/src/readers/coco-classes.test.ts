import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../error.ts';
import type { Problem } from '../problem.ts';
import { mergeClasses } from './coco-classes.ts';
import type { CocoId } from './coco-ids.ts';
import type { CocoImage, CocoSplit } from './coco-json.ts';

interface SplitOptions {
  readonly categories: readonly (readonly [id: CocoId, name: string, supercategory?: string])[];
  /** Category ids of the objects. */
  readonly objects?: readonly CocoId[];
}

function split(name: 'train' | 'val', { categories, objects = categories.map(([id]) => id) }: SplitOptions): CocoSplit {
  const image: CocoImage = {
    id: 1,
    writtenId: 1,
    fileName: '1.jpg',
    size: undefined,
    objects: objects.map((categoryId, place) => ({
      ...{ categoryId, place, id: place, box: [0, 0, 1, 1], area: 1, crowd: false },
    })),
    unreadable: 0,
    place: 0,
  };
  return {
    split: name,
    homeless: 0,
    file: `/${name}.json`,
    name: `${name}.json`,
    categories: categories.map(([id, name, supercategory]) => ({ id, name, supercategory })),
    images: [image],
  };
}

function merge(...splits: CocoSplit[]) {
  const problems: Problem[] = [];
  const { categories, labels } = mergeClasses(splits, problems);
  /** The name that an object with this id has in a split. */
  const nameOf = (n: number, id: CocoId): string | undefined => categories[labels[n]?.get(id) as number]?.name;
  return { categories, nameOf, messages: problems.map(({ file, message }) => `${file}: ${message}`) };
}

describe('mergeClasses', () => {
  it('gives a class the same label in all splits, whatever ids they use', () => {
    const id = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.stringMatching(/^[a-z]\d{1,3}$/));
    const classes = fc
      .uniqueArray(fc.stringMatching(/^[a-z0-9]{1,3}$/), { minLength: 1, maxLength: 8 })
      .chain((names) =>
        fc.record({
          names: fc.constant(names),
          ids: fc.tuple(
            ...['train', 'val'].map(() => fc.uniqueArray(id, { minLength: names.length, maxLength: names.length })),
          ),
        }),
      );
    fc.assert(
      fc.property(classes, ({ names, ids }) => {
        const lists = ids.map((of) => names.map((name, n) => [of[n] as CocoId, name] as const));
        const [train, val] = lists as [(typeof lists)[number], (typeof lists)[number]];
        const { categories, nameOf } = merge(split('train', { categories: train }), split('val', { categories: val }));
        expect(categories.map(({ name }) => name).sort()).toEqual(names.toSorted());
        for (const [n, list] of lists.entries()) for (const [id, name] of list) expect(nameOf(n, id)).toBe(name);
        expect(new Set(categories.map(({ id }) => id)).size).toBe(names.length);
      }),
      { numRuns: 300 },
    );
  });

  it('still matches other names where one is used twice', () => {
    const train = split('train', {
      categories: [
        [1, 'bolt'],
        [2, 'bolt'],
        [3, 'nut'],
      ],
    });
    const val = split('val', {
      categories: [
        [1, 'bolt'],
        [2, 'bolt'],
        [7, 'nut'],
      ],
    });
    const { categories, nameOf } = merge(train, val);
    expect(categories).toEqual([
      { id: 1, name: 'bolt' },
      { id: 2, name: 'bolt' },
      { id: 3, name: 'nut' },
    ]);
    expect(nameOf(1, 7)).toBe('nut');
  });

  it('merges a category without objects into the class with the same name', () => {
    // Roboflow lists the project as the supercategory of a class with the same name.
    const list = [
      [0, 'cells', 'none'],
      [1, 'cells', 'cells'],
    ] as const;
    const { categories, messages } = merge(
      split('train', { categories: list, objects: [1, 1] }),
      split('val', { categories: [[4, 'cells']] }),
    );
    expect(categories).toEqual([{ id: 1, name: 'cells' }]);
    expect(messages).toEqual([
      'train.json: cells has the id 1 and, without objects, the id 0: they are treated as one class',
      'val.json: cells has the id 4 here and 1 in another split',
    ]);
  });

  it('refuses categories with the same name whose ids differ between files, naming files and ids', () => {
    const train = split('train', {
      categories: [
        [1, 'bolt'],
        [2, 'bolt'],
        [3, 'nut'],
      ],
    });
    for (const other of [
      [
        [1, 'nut'],
        [2, 'bolt'],
        [3, 'bolt'],
      ],
      [
        [2, 'bolt'],
        [3, 'nut'],
      ],
    ] as const) {
      const attempt = () => merge(train, split('val', { categories: other }));
      expect(attempt).toThrow(DataError);
      expect(attempt).toThrow(/train.json has it under the ids? 1 and 2, val.json has it under the ids? 2/);
      expect(attempt).toThrow('"bolt"');
    }
  });

  it('returns the ids in each file, by label', () => {
    const splits = [
      split('train', {
        categories: [
          [1, 'a'],
          [2, 'b'],
          [0, 'b', 'none'],
        ],
        objects: [1, 2],
      }),
      split('val', {
        categories: [
          [1, 'b'],
          [7, 'c'],
        ],
      }),
    ];
    const { categories, ids } = mergeClasses(splits, []);
    expect(categories.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(ids).toEqual([
      [1, 2, undefined],
      [undefined, 1, 7],
    ]);
  });

  it('keeps categories with the same name separate in a single file', () => {
    const { categories, messages } = merge(
      split('train', {
        categories: [
          [1, 'bolt'],
          [2, 'bolt'],
        ],
      }),
    );
    expect(categories.map(({ id }) => id)).toEqual([1, 2]);
    expect(messages).toEqual([]);
  });
});
