import { expect, it } from 'vitest';
import { counted } from './words.ts';

it('says how many there are of what', () => {
  expect(counted(1, 'class', 'classes')).toBe('1 class');
  expect(counted(1234, 'seed')).toBe('1,234 seeds');
});
