import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readYoloLines, type YoloLine } from './yolo-lines.ts';

const labels = new Map([
  [0, 0],
  [1, 1],
]);

const read = (text: string, keypoints = false): YoloLine[] =>
  readYoloLines(text, { labels, keypoints }).map(([, line]) => line);

/** Boxes as x, y, width and height, rounded; undefined where the line cannot be read. */
const boxes = (text: string, keypoints = false): (string | undefined)[] =>
  read(text, keypoints).map((line) =>
    'box' in line ? line.box.map((value) => +value.toFixed(6)).join(' ') : undefined,
  );

const messages = (text: string): string[] => read(text).map((line) => ('message' in line ? line.message : ''));

const box = '0 0.5 0.5 0.2 0.4';
const boxRead = '0.4 0.3 0.2 0.4';

describe('a line of YOLO', () => {
  it.each([
    ['a box', box, boxRead],
    ['tabs and spaces', ' 0\t0.5  0.5\t0.2 0.4 ', boxRead],
    ['a class with a point', box.replace('0 ', '0.0 '), boxRead],
    ['powers of ten', '0 5e-1 5E-1 2e-1 4e-1', boxRead],
    ['a confidence', `${box} 0.87`, boxRead],
    ['a confidence of 1', `${box} 1`, boxRead],
    ['a confidence behind a box at the border', '0 0.95 0.5 0.2 0.3 0.4', '0.85 0.35 0.2 0.3'],
    ['an oriented box', '0 0.4 0.3 0.6 0.3 0.6 0.7 0.4 0.7', boxRead],
    ['a triangle', '0 0.4 0.3 0.6 0.3 0.6 0.7', boxRead],
    ['a closed polygon', '0 0.4 0.3 0.6 0.3 0.6 0.7 0.4 0.3', boxRead],
    ['a polygon of five corners', '0 0.4 0.3 0.5 0.3 0.6 0.5 0.6 0.7 0.4 0.7', boxRead],
    ['a polygon of four corners and a confidence', '0 0.4 0.3 0.6 0.3 0.6 0.7 0.4 0.7 0.9', boxRead],
    ['keypoints with a visible one', `${box} 0.45 0.45 2 0.55 0.55 1`, boxRead],
    ['a single visible keypoint', `${box} 0.45 0.45 2`, boxRead],
    ['keypoints beyond the image', `${box} 1.2 0.45 1 0.55 0.55 0`, boxRead],
  ])('holds %s', (_, line, expected) => {
    expect(boxes(line)).toEqual([expected]);
  });

  it.each([
    ['no numbers', '0'],
    ['three numbers', '0 0.5 0.5 0.2'],
    ['NaN', '0 nan 0.5 0.2 0.4'],
    ['pixels', '0 48 40 20 16'],
    ['a track', `${box} 17`],
    ['a negative further number', `${box} -0.5`],
    ['a comment', `${box} # bolt`],
    ['commas for points', '0 0,5 0,5 0,2 0,4'],
    ['an unlisted class', box.replace('0 ', '2 ')],
    ['the name of a class', box.replace('0 ', 'bolt ')],
    ['a zero byte', `${box}\0`],
  ])('cannot be read with %s', (_, line) => {
    expect(boxes(line)).toEqual([undefined]);
  });

  it('may have two readings, which the message names', () => {
    expect(messages(`${box} 0.45 0.45 1 0.55 0.55 0`)[0]).toMatch(/may be a box with 2 keypoints or a polygon\. If/);
    expect(messages(`${box} 0.45 0.45 1`)[0]).toMatch(/may be a box with 1 keypoint or a polygon with a confidence/);
    expect(messages('0 0.93 0.5 0.5 0.2 0.2')[0]).toMatch(/its first or last number may be the confidence/);
  });

  it('is read like the other lines of its file', () => {
    const unclear = '0 0.4 0.3 0.5 0.3 0.6 0.5 1 0.7 0.4 0';
    expect(boxes(unclear)).toEqual([undefined]);
    expect(boxes(`${unclear}\n1 0.1 0.1 0.3 0.1 0.3 0.3`)[0]).toBe('0.4 0 0.6 0.7');
    expect(boxes(`${unclear}\n0 0.4 0.4 0.2 0.2 0.45 0.45 2 0.5 0.5 2`)[0]).toBe('0.15 0.15 0.5 0.3');
    expect(boxes(`${unclear}\n1 0.1 0.1 0.3 0.1 0.3 0.3\n${box} 0.45 0.45 2 0.5 0.5 2`)[0]).toBeUndefined();
    expect(boxes(`${unclear}\n${box}`)[0]).toBeUndefined();
  });

  it('has a confidence only where all lines of the file can have one', () => {
    expect(boxes(`${box} 0.87\n${box} 0.5`)).toEqual([boxRead, boxRead]);
    expect(boxes(`${box} 1\n${box} 2`)).toEqual([undefined, undefined]);
    expect(boxes(`${box} 0.87\n${box}`)).toEqual([boxRead, boxRead]);
  });

  it('begins with the box where the data set says that keypoints follow', () => {
    expect(boxes(`${box} 0.45 0.45 0.55 0.55`, true)).toEqual([boxRead]);
    expect(boxes(`${box} 0.45 0.45 1 0.55 0.55 0`, true)).toEqual([boxRead]);
    expect(boxes(box, true)).toEqual([boxRead]);
  });

  it('gives the box around any polygon, unless its numbers may be keypoints', () => {
    // Adding 0 turns -0 into 0, because the two are not distinguishable in text.
    const coordinate = fc
      .oneof(fc.double({ min: -1, max: 2, noNaN: true }), fc.constantFrom(0, 1, 2))
      .map((x) => x + 0);
    const polygon = fc
      .integer({ min: 3, max: 12 })
      .chain((corners) => fc.array(coordinate, { minLength: 2 * corners, maxLength: 2 * corners }));
    fc.assert(
      fc.property(polygon, (values) => {
        const [line] = read(`1 ${values.join(' ')}`) as [YoloLine];
        const flags = values.filter((_, n) => n > 4 && n % 3 === 0);
        if ((values.length - 4) % 3 === 0 && flags.every((flag) => [0, 1, 2].includes(flag))) return;
        const [xs, ys] = [values.filter((_, n) => n % 2 === 0), values.filter((_, n) => n % 2 === 1)];
        const [left, top] = [Math.min(...xs), Math.min(...ys)];
        expect(line).toEqual({ label: 1, box: [left, top, Math.max(...xs) - left, Math.max(...ys) - top] });
      }),
      { numRuns: 500 },
    );
  });
});
