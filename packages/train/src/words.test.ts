import { expect, it } from 'vitest';
import { counted } from './words.ts';

it('formats counts with singular and plural nouns', () => {
  expect(counted(1, 'class', 'classes')).toBe('1 class');
  expect(counted(1234, 'seed')).toBe('1,234 seeds');
});
