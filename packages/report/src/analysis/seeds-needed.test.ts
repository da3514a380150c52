import { expect, it } from 'vitest';
import { seedsToTell } from './seeds-needed.ts';

it('is the number of pairs of a paired t-test of this power', () => {
  // A difference as large as its spread: 10 pairs have a power of .803, and 9 of .749 (noncentral t; G*Power 3.1).
  expect(seedsToTell({ meanDifference: 1, sd: 1 })).toBe(10);
  expect(seedsToTell({ meanDifference: -1, sd: 1 })).toBe(10);
});

it('is unknown without a spread, and too many if the difference is small', () => {
  expect(seedsToTell({ meanDifference: 0.1 })).toBeUndefined();
  expect(seedsToTell({ meanDifference: 0.1, sd: 0 })).toBeUndefined();
  expect(seedsToTell({ meanDifference: 0.001, sd: 1 })).toBe('too many');
  expect(seedsToTell({ meanDifference: 0, sd: 1 })).toBe('too many');
});
