import { describe, expect, it } from 'vitest';
import { knownTargets } from './targets.ts';

const targets = [
  { labels: [1], boxes: [0.5, 0.5, 0.25, 0.25] },
  { labels: [2, 0], boxes: [0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 0.125, 0.125] },
];

const assignment = {
  numClasses: 3,
  objects: Int32Array.of(0, -1, 0, -1, 0, 1, 0, 1),
  negative: Uint8Array.of(0, 0, 1, 0, 0, 0, 1, 1),
};

describe('knownTargets', () => {
  it('restores positives, makes negatives "no object", and gives padding no weight', () => {
    const { classes, boxes, classWeights, boxWeights, normalizer } = knownTargets(assignment, targets);
    expect(classes).toEqual(Int32Array.of(1, 3, 3, 3, 2, 0, 3, 3));
    expect(classWeights).toEqual(Float32Array.of(1, 0, 1, 0, 1, 1, 1, 1));
    expect(boxWeights).toEqual(Float32Array.of(1, 0, 0, 0, 1, 1, 0, 0));
    expect(boxes.subarray(0, 8)).toEqual(Float32Array.of(0.5, 0.5, 0.25, 0.25, 0, 0, 0, 0));
    expect(boxes.subarray(20, 28)).toEqual(Float32Array.of(0.75, 0.75, 0.125, 0.125, 0, 0, 0, 0));
    expect(normalizer).toBe(3);
  });

  it('trains padding as background if requested', () => {
    const { classes, classWeights, boxWeights, normalizer } = knownTargets(assignment, targets, {
      paddingAsBackground: true,
    });
    expect(classes[1]).toBe(3);
    expect(classWeights.every((weight) => weight === 1)).toBe(true);
    expect(boxWeights[1]).toBe(0);
    expect(normalizer).toBe(3);
  });

  it('gives padding no weight in a batch that contains nothing else', () => {
    const padding = { numClasses: 3, objects: Int32Array.of(-1, -1), negative: new Uint8Array(2) };
    const none = [{ labels: [], boxes: [] }];
    const { classWeights, normalizer } = knownTargets(padding, none, { paddingAsBackground: true });
    expect(classWeights).toEqual(Float32Array.of(0, 0));
    expect(normalizer).toBe(0);
  });

  it('is empty without objects', () => {
    const none = { numClasses: 3, objects: new Int32Array(0), negative: new Uint8Array(0) };
    expect(knownTargets(none, []).normalizer).toBe(0);
    expect(knownTargets(none, [{ labels: [], boxes: [] }]).classes.length).toBe(0);
  });
});
