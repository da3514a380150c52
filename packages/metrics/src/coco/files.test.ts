import { describe, expect, it } from 'vitest';
import { CocoFormatError } from './format-error.ts';
import { readCocoResults } from './results-file.ts';
import { readCocoTruth } from './truth-file.ts';

const annotation = { id: 1, image_id: 9, category_id: 90, bbox: [1, 2, 3, 4], area: 6, iscrowd: 0 };
const file = {
  images: [{ id: 9 }, { id: 2 }],
  categories: [{ id: 90, name: 'toothbrush' }, { id: 3 }],
  annotations: [
    annotation,
    { id: 2, image_id: 9, category_id: 3, bbox: [5, 6, 7, 8], iscrowd: 1 },
    { id: 3, image_id: 9, category_id: 4, bbox: [] },
    { id: 4, image_id: 1, category_id: 3, bbox: [] },
  ],
};
const detection = { image_id: 9, category_id: 90, bbox: [1, 2, 3.5, 4], score: 0.5 };

/** The file with other annotations. */
const truthOf = (...annotations: unknown[]) => ({ ...file, annotations });

describe('readCocoTruth', () => {
  it('orders images and categories by id, and counts what is not listed', () => {
    expect(readCocoTruth(file)).toEqual({
      imageIds: [2, 9],
      categories: [
        { id: 3, name: '3' },
        { id: 90, name: 'toothbrush' },
      ],
      truths: [
        {
          labels: Int32Array.of(),
          boxes: Float64Array.of(),
          areas: Float64Array.of(),
          crowd: Uint8Array.of(),
          ids: Float64Array.of(),
        },
        {
          labels: Int32Array.of(1, 0),
          boxes: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8),
          areas: Float64Array.of(6, 56),
          crowd: Uint8Array.of(0, 1),
          ids: Float64Array.of(1, 2),
        },
      ],
      ignored: { unknownImage: 1, unknownCategory: 1 },
      hasIdZero: false,
    });
    expect(readCocoTruth(truthOf({ ...annotation, id: 0, iscrowd: true }))).toMatchObject({ hasIdZero: true });
  });

  it.each([
    [0, 0],
    [1, 1],
    [2, 1],
    [false, 0],
    [true, 1],
    [null, 0],
    ['1', 1],
    // True in Python, as all text is.
    ['0', 1],
  ])('takes an iscrowd of %j for %i', (iscrowd, crowd) => {
    expect(readCocoTruth(truthOf({ ...annotation, iscrowd })).truths[1]?.crowd).toEqual(Uint8Array.of(crowd));
  });

  it.each<[string, unknown, string]>([
    ['a list', [detection], 'found a list: are these the detections?'],
    ['no object', 3, 'the file: expected an object, found 3'],
    ['no categories', { images: [], annotations: [] }, 'categories: expected a list, found nothing'],
    ['an image without an id', { ...file, images: [{}] }, 'images[0].id: expected a whole number, found nothing'],
    [
      'an id in words',
      { ...file, categories: [{ id: 'cat' }] },
      'categories[0].id: expected a whole number, found "cat"',
    ],
    ['a short box', truthOf({ ...annotation, bbox: [1, 2, 3] }), 'annotations[0].bbox: expected [x, y, width, height]'],
    ['a box with a word', truthOf({ ...annotation, bbox: [1, 2, 3, '4'] }), 'found [1,2,3,"4"]'],
    ['no area', truthOf({ ...annotation, area: null }), 'annotations[0].area: expected a finite number, found null'],
    ['an odd crowd', truthOf({ ...annotation, iscrowd: 'no' }), 'annotations[0].iscrowd: expected 0 or 1, found "no"'],
    ['ids twice', truthOf(annotation, annotation), 'annotations[1].id is 1, like that of annotations[0]'],
  ])('says what is wrong with %s', (_, json, message) => {
    expect(() => readCocoTruth(json)).toThrow(CocoFormatError);
    expect(() => readCocoTruth(json)).toThrow(message);
  });
});

describe('readCocoResults', () => {
  const truth = readCocoTruth(file);

  it("gives the detections of each of the truth's images, in the file's order", () => {
    const other = { image_id: 9, category_id: 3, bbox: [0, 0, 1, 1], score: -2 };
    const { detections, ignored } = readCocoResults([detection, other, { ...detection, category_id: 4 }], truth);
    expect(detections).toEqual([
      { labels: Int32Array.of(), boxes: Float64Array.of(), scores: Float64Array.of() },
      {
        labels: Int32Array.of(1, 0),
        boxes: Float64Array.of(1, 2, 3.5, 4, 0, 0, 1, 1),
        scores: Float64Array.of(0.5, -2),
      },
    ]);
    expect(ignored).toEqual({ unknownCategory: 1 });
    expect(readCocoResults([], truth).detections).toHaveLength(2);
  });

  it.each<[string, unknown, string]>([
    ['the truth', file, 'found an object with "annotations": is this the truth?'],
    ['no list', { detections: [] }, 'the file: expected a list, found {"detections":[]}'],
    [
      'another image',
      [detection, { ...detection, image_id: 5 }],
      "results[1].image_id is 5, which is none of the truth's 2",
    ],
    ['no image', [{}], 'results[0].image_id: expected a whole number, found nothing'],
    ['no box', [{ ...detection, bbox: undefined }], 'results[0].bbox: expected [x, y, width, height] in pixels'],
    ['a NaN', [{ ...detection, score: Number.NaN }], 'results[0].score: expected a finite number, found "NaN"'],
    ['an infinity', [{ ...detection, bbox: [0, 0, 1 / 0, 1] }], 'found [0,0,"Infinity",1]'],
  ])('says what is wrong with %s', (_, json, message) => {
    expect(() => readCocoResults(json, truth)).toThrow(CocoFormatError);
    expect(() => readCocoResults(json, truth)).toThrow(message);
  });
});
