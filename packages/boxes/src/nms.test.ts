import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nms } from './nms.ts';
import { pairwiseIou } from './overlap.ts';

interface Detections {
  readonly boxes: Float32Array;
  readonly scores: number[];
  readonly labels: number[];
}

/** Boxes on a coarse grid with few different scores, so that overlaps and ties are common. */
const detections: fc.Arbitrary<Detections> = fc
  .array(
    fc.record({
      corner: fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })),
      size: fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })),
      score: fc.integer({ min: 0, max: 5 }),
      label: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 25 },
  )
  .map((list) => ({
    boxes: Float32Array.from(
      list.flatMap(({ corner: [x, y], size: [width, height] }) => [x, y, x + width, y + height]),
    ),
    scores: list.map(({ score }) => score / 5),
    labels: list.map(({ label }) => label),
  }));

/** NMS by definition: the best remaining box is kept and removes all boxes that overlap it too much. */
function naiveNms({ boxes, scores, labels }: Detections, threshold: number): number[] {
  const count = scores.length;
  const iou = pairwiseIou(boxes, boxes, 0);
  const kept: number[] = [];
  let left = scores.map((_, n) => n);
  while (left.length > 0) {
    const best = left.reduce((a, b) => ((scores[b] as number) > (scores[a] as number) ? b : a));
    kept.push(best);
    left = left.filter(
      (n) => n !== best && !(labels[n] === labels[best] && (iou[best * count + n] as number) > threshold),
    );
  }
  return kept;
}

// IoUs of boxes on the grid equal none of these except 0 and a half, so no comparison depends on rounding.
const threshold = fc.constantFrom(0, 0.31, 0.5, 0.87);

describe('nms', () => {
  it('is greedy suppression by definition', () => {
    fc.assert(
      fc.property(detections, threshold, ({ boxes, scores, labels }, iouThreshold) => {
        expect([...nms(boxes, scores, { iouThreshold, labels })]).toEqual(
          naiveNms({ boxes, scores, labels }, iouThreshold),
        );
        const oneClass = { boxes, scores, labels: labels.map(() => 0) };
        expect([...nms(boxes, scores, { iouThreshold })]).toEqual(naiveNms(oneClass, iouThreshold));
      }),
      { numRuns: 500 },
    );
  });

  it('treats each class separately', () => {
    fc.assert(
      fc.property(detections, threshold, ({ boxes, scores, labels }, iouThreshold) => {
        const together = [...nms(boxes, scores, { iouThreshold, labels })];
        for (const label of new Set(labels)) {
          const members = labels.flatMap((other, n) => (other === label ? [n] : []));
          const alone = nms(
            Float32Array.from(members.flatMap((n) => [...boxes.subarray(4 * n, 4 * n + 4)])),
            members.map((n) => scores[n] as number),
            { iouThreshold },
          );
          expect(Array.from(alone, (k) => members[k])).toEqual(together.filter((n) => labels[n] === label));
        }
      }),
    );
  });

  it('rejects inputs that do not fit', () => {
    const options = { iouThreshold: 0.5 };
    expect(() => nms(new Float32Array(4), [1, 2], options)).toThrow('expected 8 box numbers for 2 scores, got 4');
    expect(() => nms(new Float32Array(4), [1], { ...options, labels: [] })).toThrow(
      'expected 1 labels like the scores',
    );
    expect(() => nms(new Float32Array(8), [1, Number.NaN], options)).toThrow('score 1 is NaN');
  });
});
