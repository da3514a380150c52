import { expect, it } from 'vitest';
import { findsObject } from './found.ts';

const box = (label: number, x: number) => ({ label, bbox: [x, 0, 10, 10] });
const sure = (label: number, x: number) => ({ ...box(label, x), score: 0.5 });

it('finds an object once, by its class and an IoU from 0.5', () => {
  const objects = [box(0, 0), box(1, 100)];
  // Correct; a repetition; another class; too far away; correct with an IoU of 8 / 12.
  const detections = [sure(0, 1), sure(0, 0), sure(1, 0), sure(1, 104), sure(1, 102)];
  expect(findsObject(objects, detections)).toEqual([true, false, false, false, true]);
});

it('assigns to a detection the object that it overlaps most', () => {
  expect(findsObject([box(0, 0), box(0, 4)], [sure(0, 3), sure(0, 1)])).toEqual([true, true]);
});
