import { describe, expect, it } from 'vitest';
import { splitCategories } from './split-categories.ts';

const categories = [
  { id: 1, name: 'ant' },
  { id: 2, name: 'bee' },
  { id: 3, name: 'cat' },
];

describe('splitCategories', () => {
  it('has the ids of the split, and unused ids for other classes', () => {
    const categoryIds = { train: [1, 2, 3], val: [3, undefined, 'x'] };
    expect(splitCategories({ categories, categoryIds }, 'train')).toEqual(categories);
    expect(splitCategories({ categories, categoryIds }, 'val')).toEqual([
      { id: 3, name: 'ant' },
      { id: 4, name: 'bee' },
      { id: 'x', name: 'cat' },
    ]);
    expect(splitCategories({ categories }, 'val')).toEqual(categories);
  });
});
