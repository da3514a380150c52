import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateDetections, precisionRecall } from './evaluate.ts';
import { type CocoFigures, figureNames } from './figures.ts';
import type { ImageDetections, ImageTruth } from './images.ts';
import { readCocoResults } from './results-file.ts';
import { readCocoTruth } from './truth-file.ts';

interface RecordedCase {
  readonly name: string;
  readonly gt: unknown;
  readonly dt: unknown;
  readonly stats: readonly number[];
  readonly perClass: readonly (readonly number[])[];
}

const recorded: readonly RecordedCase[] = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/coco-eval/cases.json', import.meta.url), 'utf8'),
);

const listed = (figures: CocoFigures): number[] => figureNames.map((name) => figures[name]);

const none: ImageDetections = { labels: [], boxes: [], scores: [] };

/** An image's objects; those marked in `crowd` are crowds. */
function objects(labels: number[], boxes: number[][], crowd = labels.map(() => 0)): ImageTruth {
  return { labels, boxes: boxes.flat(), areas: boxes.map(([, , w, h]) => (w as number) * (h as number)), crowd };
}

const detected = (labels: number[], boxes: number[][], scores: number[]): ImageDetections => ({
  labels,
  boxes: boxes.flat(),
  scores,
});

describe('evaluateDetections', () => {
  it.each(recorded)('gives the figures of pycocotools: $name', ({ gt, dt, stats, perClass }) => {
    const truth = readCocoTruth(gt);
    const { detections } = readCocoResults(dt, truth);
    const evaluation = evaluateDetections(truth.truths, detections, { numClasses: truth.categories.length });
    expect(evaluation.stats).toEqual(listed(evaluation));
    // Equal to the last bit, so that they also print the same.
    expect(evaluation.stats).toEqual(stats);
    expect(evaluation.perClass).toHaveLength(perClass.length);
    for (const [k, expected] of perClass.entries()) {
      expect(listed(evaluation.perClass[k] as CocoFigures)).toEqual(expected);
    }
  });

  it('is 1 if everything is found, and -1 if there is nothing to find', () => {
    const truth = objects([1], [[0, 0, 50, 50]]);
    const evaluation = evaluateDetections([truth], [detected([1], [[0, 0, 50, 50]], [0.5])], { numClasses: 3 });
    const one = expect.closeTo(1, 12);
    const found = { AP: one, APs: -1, APm: one, APl: -1, AR1: 1, ARs: -1, ARm: 1 };
    expect(evaluation).toMatchObject(found);
    expect(evaluation.perClass[1]).toMatchObject(found);
    expect(new Set(listed(evaluation.perClass[0] as CocoFigures))).toEqual(new Set([-1]));
    expect(evaluateDetections([], [], { numClasses: 0 }).stats).toEqual(Array(12).fill(-1));
  });

  it('is 0 if nothing is detected, and lower for detections in images without objects', () => {
    const truth = objects([0], [[0, 0, 50, 50]]);
    const empty = objects([], []);
    const box = [[0, 0, 50, 50]];
    const ap = (...detections: ImageDetections[]) =>
      evaluateDetections([truth, empty], detections, { numClasses: 1 }).AP;
    expect(ap(none, none)).toBe(0);
    expect(ap(none, detected([0], box, [1]))).toBe(0);
    expect(ap(detected([0], box, [0.5]), none)).toBeCloseTo(1);
    expect(ap(detected([0], box, [0.5]), detected([0], box, [0.6]))).toBeCloseTo(0.5);
  });

  it('does not count a detection in a crowd as a mistake, and requires none', () => {
    const truth = objects(
      [0, 0],
      [
        [0, 0, 50, 50],
        [100, 100, 200, 200],
      ],
      [0, 1],
    );
    const inCrowd = [
      [110, 110, 20, 20],
      [150, 150, 20, 20],
      [0, 0, 50, 50],
    ];
    const evaluation = evaluateDetections([truth], [detected([0, 0, 0], inCrowd, [0.9, 0.8, 0.7])], { numClasses: 1 });
    expect(evaluation.AP).toBeCloseTo(1);
    expect(evaluation.APl).toBe(-1);
  });

  it('chooses among objects of another size in the same way, so that each takes its detection', () => {
    const boxes = [
      [0, 0, 30, 30],
      [10, 0, 30, 30],
      [100, 0, 30, 30],
    ];
    // The first two are medium because their masks are larger than their boxes.
    const truth = { ...objects([0, 0, 0], boxes), areas: [2000, 2000, 900] };
    const found = [
      [8, 0, 30, 30],
      [0, 0, 30, 30],
      [100, 0, 30, 30],
    ];
    const evaluation = evaluateDetections([truth], [detected([0, 0, 0], found, [0.9, 0.8, 0.7])], { numClasses: 1 });
    expect(precisionRecall(evaluation, { label: 0, iou: 0.55, area: 'small' })?.precision[100]).toBeCloseTo(1);
  });

  it('never counts an object with id 0 as found, like pycocotools', () => {
    const box = [[0, 0, 50, 50]];
    const ap = (ids: number[]) =>
      evaluateDetections([{ ...objects([0], box), ids }], [detected([0], box, [1])], { numClasses: 1 }).AP;
    expect(ap([7])).toBeCloseTo(1);
    expect(ap([0])).toBe(0);
  });

  it('does not depend on the order of images and detections, nor on the numbering of classes', () => {
    const box = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(12), fc.nat(12)).map((b) => b.map((v) => 10 * v));
    const image = fc.array(fc.tuple(fc.nat(2), box, box, fc.nat(9)), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(image, { minLength: 1, maxLength: 4 }), (images) => {
        let surest = 0;
        const sides = images.map((entries) => ({
          truth: objects(
            entries.map(([label]) => label),
            entries.map(([, where]) => where),
            entries.map(([, , , die]) => (die === 0 ? 1 : 0)),
          ),
          // The scores differ; some detections are copies of objects.
          found: detected(
            entries.map(([label]) => label),
            entries.map(([, where, elsewhere, die]) => (die < 7 ? where : elsewhere)),
            entries.map(() => (++surest * 7919) % 1000),
          ),
        }));
        const evaluation = evaluateDetections(
          sides.map(({ truth }) => truth),
          sides.map(({ found }) => found),
          { numClasses: 3 },
        );
        const turned = [...sides].reverse();
        const other = evaluateDetections(
          turned.map(({ truth }) => ({ ...truth, labels: Array.from(truth.labels, (label) => 2 - label) })),
          turned.map(({ found: { labels, boxes, scores } }) => ({
            labels: Array.from(labels, (label) => 2 - label).reverse(),
            boxes: Array.from({ length: labels.length }, (_, n) => Array.from(boxes).slice(4 * n, 4 * n + 4))
              .reverse()
              .flat(),
            scores: Array.from(scores).reverse(),
          })),
          { numClasses: 3 },
        );
        for (const [i, figure] of evaluation.stats.entries()) expect(other.stats[i]).toBeCloseTo(figure, 10);
        for (const [k, figures] of [...evaluation.perClass].reverse().entries()) {
          expect(other.perClass[k]?.AP).toBeCloseTo(figures.AP, 10);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('treats NaN like pycocotools, on request', () => {
    const truths = [objects([0], [[0, 0, 50, 50]])];
    const boxes = [
      [Number.NaN, 0, 50, 50],
      [0, 0, 50, 50],
    ];
    const evaluate = (scores: number[]) =>
      evaluateDetections(truths, [detected([0, 0], boxes, scores)], { numClasses: 1, allowNonFinite: true }).AP;
    // C's fmax takes the number: a box with an unknown left edge lies where the object does.
    expect(evaluate([0.9, 0.8])).toBeCloseTo(1, 12);
    // A score of NaN is the lowest.
    expect(evaluate([Number.NaN, Number.NEGATIVE_INFINITY])).toBeCloseTo(1, 12);
  });

  const square = [[0, 0, 50, 50]];
  it.each<[string, ImageTruth[], ImageDetections[], number, string]>([
    ['one side has more images', [objects([], [])], [], 1, 'expected the detections of 1 images, got those of 0: an'],
    [
      'boxes are missing',
      [objects([], [])],
      [detected([0], [], [1])],
      1,
      'image 0: expected 4 numbers in boxes for 1 labels, got 0',
    ],
    ['scores are missing', [objects([], [])], [detected([0], square, [])], 1, 'image 0: expected 1 numbers in scores'],
    ['a score is NaN', [objects([], [])], [detected([0], square, [Number.NaN])], 1, 'detection 0: the score holds NaN'],
    ['a box is infinite', [objects([0], [[0, 0, 1, 1 / 0]])], [none], 1, 'object 0: the box holds Infinity'],
    [
      'a label is too large',
      [objects([0, 1], [...square, ...square])],
      [none],
      1,
      'object 1: the label is 1, expected one of 1 classes',
    ],
    ['a label is negative', [objects([], [])], [detected([-1], square, [1])], 1, 'detection 0: the label is -1'],
    [
      'areas are missing',
      [{ ...objects([0], square), areas: [] }],
      [none],
      1,
      'image 0: expected 1 numbers in areas for 1 labels',
    ],
    [
      'there are no crowd marks',
      [{ labels: [], boxes: [], areas: [] } as unknown as ImageTruth],
      [none],
      1,
      'image 0: expected 0 numbers in crowd for 0 labels, got none',
    ],
    ['the number of classes is fractional', [], [], 0.5, 'expected a whole number of classes, got 0.5'],
  ])('rejects input in which %s', (_, truths, detections, numClasses, message) => {
    expect(() => evaluateDetections(truths, detections, { numClasses })).toThrow(RangeError);
    expect(() => evaluateDetections(truths, detections, { numClasses })).toThrow(message);
  });
});

describe('precisionRecall', () => {
  const truths = [
    objects(
      [0, 0],
      [
        [0, 0, 40, 40],
        [100, 0, 40, 40],
      ],
    ),
  ];
  const boxes = [
    [0, 0, 40, 40],
    [200, 0, 40, 40],
    [100, 0, 40, 30],
  ];
  const evaluation = evaluateDetections(truths, [detected([0, 0, 0], boxes, [0.9, 0.8, 0.7])], { numClasses: 2 });

  it('is the curve whose mean is the AP at that IoU', () => {
    const { recall, precision } = precisionRecall(evaluation, { label: 0 }) ?? { recall: [], precision: [] };
    expect([recall[0], recall[50], recall[100]]).toEqual([0, 0.5, 1]);
    expect(precision[50]).toBeCloseTo(1);
    expect(precision[51]).toBeCloseTo(2 / 3);
    const mean = precision.reduce((sum, value) => sum + value, 0) / precision.length;
    expect(evaluation.perClass[0]?.AP50).toBeCloseTo(mean, 12);
    expect(precisionRecall(evaluation, { label: 0, iou: 0.8 })?.precision[51]).toBe(0);
    expect(precisionRecall(evaluation, { label: 0, iou: 0.6 + 0.1, area: 'medium' })?.precision[51]).toBeCloseTo(2 / 3);
  });

  it('is undefined without objects, and rejects values off the grid', () => {
    expect(precisionRecall(evaluation, { label: 1 })).toBeUndefined();
    expect(precisionRecall(evaluation, { label: 0, area: 'large' })).toBeUndefined();
    expect(() => precisionRecall(evaluation, { label: 2 })).toThrow('no curve for label 2: expected 0..1');
    expect(() => precisionRecall(evaluation, { label: 0, iou: 0.52 })).toThrow('no curve for an IoU of 0.52');
  });
});
