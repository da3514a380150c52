import { elements, ofClass } from '@dn-detr/testing/drawn';
import type { SamplesLine } from '@dn-detr/train';
import { describe, expect, it } from 'vitest';
import { matchingOf } from './matching.ts';
import { endColor, matchingDrawing } from './matching-drawing.ts';

/** Two layers and two objects; the first layer's queries must not count over training. */
const line = (step: number, last: [number, number], first: [number, number] = [90, 91]): SamplesLine => ({
  step,
  images: [
    { detections: [], queries: [] },
    { detections: [], queries: [first, last] },
  ],
});

const lines = [line(10, [4, 2]), line(20, [4, 7]), line(30, [2, 7], [5, 6]), line(40, [4, -1], [4, -1])];

describe('matchingOf', () => {
  it('counts an object’s changes of query from evaluation to evaluation, and from layer to layer', () => {
    const { steps, training, layers } = matchingOf(lines, 1);
    expect(steps).toEqual([10, 20, 30, 40]);
    // 4 4 2 4 has two changes, and so has 2 7 7 none: losing a query is a change.
    expect(training).toEqual({
      queries: [
        [4, 4, 2, 4],
        [2, 7, 7, -1],
      ],
      changes: 4,
      pairs: 6,
    });
    expect(layers).toEqual({
      queries: [
        [4, 4],
        [-1, -1],
      ],
      changes: 0,
      pairs: 2,
    });
    expect(matchingOf(lines.slice(0, 3), 1).layers).toMatchObject({ changes: 2, pairs: 2 });
  });

  it('has no pairs at the first evaluation', () => {
    expect(matchingOf(lines.slice(0, 1), 1).training).toMatchObject({ changes: 0, pairs: 0 });
  });
});

describe('matchingDrawing', () => {
  const object = { label: 0, bbox: [10, 5, 20, 10] };
  const image = {
    name: 'a.png',
    width: 100,
    height: 50,
    picture: '1.jpg',
    objects: [object, object],
    jpeg: new Uint8Array([1]),
    classes: ['<disc>'],
    runs: [{ run: 'detr & co', ...matchingOf(lines, 1) }],
  };

  it('has a bar for each sequence of equal queries, in another colour than its neighbours', () => {
    const svg = matchingDrawing(image, 1);
    const stays = [...svg.text.matchAll(/<g class="stay">.*?<\/g>/g)].map(([markup]) => ({
      title: /<title>(.*?)<\/title>/.exec(markup)?.[1],
      fill: elements(markup, 'rect')[0]?.fill,
      x: Number(elements(markup, 'rect')[0]?.x),
    }));
    expect(stays.map(({ title }) => title)).toEqual([
      'object 1: query 4',
      'object 1: query 2',
      'object 1: query 4',
      'object 2: query 2',
      'object 2: query 7',
      'object 2: no query',
      'object 1: query 4',
      'object 2: no query',
    ]);
    expect([stays[0]?.fill, stays[2]?.fill]).toEqual([endColor.fill, endColor.fill]);
    for (const at of [0, 1, 3, 4]) expect(stays[at]?.fill).not.toBe(stays[at + 1]?.fill);
    // The second bar begins at the third of four columns.
    expect((stays[1]?.x as number) / (stays[2]?.x as number)).toBeCloseTo(2 / 3, 3);
    expect(svg.text).toContain('4 changes of 6');
    expect(svg.text).not.toContain('<disc>');
  });

  it('draws objects where they are in the image', () => {
    const [rim] = elements(matchingDrawing(image, 1).text.split('class="truth"')[1] as string, 'rect');
    // 100 × 50 pixels are drawn 230 wide.
    expect([rim?.x, rim?.y, rim?.width, rim?.height].map(Number)).toEqual([23, 11.5, 46, 23]);
    expect(ofClass(matchingDrawing(image, 1), 'g', 'truth')).toHaveLength(2);
  });
});
