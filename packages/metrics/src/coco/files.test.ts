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

/** The file with different annotations. */
const truthOf = (...annotations: unknown[]) => ({ ...file, annotations });

describe('readCocoTruth', () => {
  it('orders images and categories by id, and counts references to unlisted ones', () => {
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
          ignore: Uint8Array.of(),
          ids: Float64Array.of(),
        },
        {
          labels: Int32Array.of(1, 0),
          boxes: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8),
          areas: Float64Array.of(6, 56),
          crowd: Uint8Array.of(0, 1),
          ignore: Uint8Array.of(0, 1),
          ids: Float64Array.of(1, 2),
        },
      ],
      ignored: { unknownImage: 1, unknownCategory: 1 },
      notes: ['1 annotation has no "area" that is a number: width × height is taken'],
    });
  });

  it('names a category without a name by its id, and one whose name is a number by its digits', () => {
    const names = [7, 2.5, true, null, '', ' ', undefined, 'nut', ['nut']];
    const categories = names.map((name, i) => ({ id: i + 1, name }));
    const read = readCocoTruth({ ...file, categories, annotations: [] });
    expect(read.categories.map(({ name }) => name)).toEqual(['7', '2.5', 'true', '4', '5', '6', '7', 'nut', '9']);
  });

  it('converts text to a number only if it is exactly one', () => {
    const ids = ['7', '007', '7.0', '', '9007199254740993', 9007199254740993n, 8n, '-0'];
    const { imageIds } = readCocoTruth({ images: ids.map((id) => ({ id })), categories: [], annotations: [] });
    // The number 2^53 + 1 occurs in both forms; it is placed where it occurs first.
    expect(imageIds).toEqual([8, '', '-0', '007', 7, '7.0', '9007199254740993']);
  });

  it('finds the image of an id in quotes, and counts an id that matches no image', () => {
    const read = readCocoTruth({
      images: [{ id: '9' }, { id: 2 }],
      categories: [{ id: '90' }],
      annotations: [annotation, { ...annotation, id: 2, image_id: '2' }, { ...annotation, id: 3, image_id: '02' }],
    });
    expect(read.imageIds).toEqual([2, 9]);
    expect(read.truths.map(({ labels }) => labels.length)).toEqual([1, 1]);
    expect(read.ignored).toEqual({ unknownImage: 1, unknownCategory: 0 });
  });

  it('takes the bounds of polygons if there is no box', () => {
    const { bbox: _, area: __, ...bare } = annotation;
    const polygons = [
      [10, 20, 30, 20, 30, 60],
      [5, 25, 8, 25, 8.5, 40, 5, 41],
    ];
    for (const segmentation of [polygons, polygons.flat().slice(0, 14)]) {
      for (const bbox of [undefined, null, []]) {
        const { truths, notes } = readCocoTruth(truthOf({ ...bare, bbox, segmentation }));
        expect(truths[1]).toMatchObject({ boxes: Float64Array.of(5, 20, 25, 40), areas: Float64Array.of(1000) });
        expect(notes[0]).toBe('1 annotation has no "bbox": the bounds of the polygons are taken');
      }
    }
    const masks = [undefined, [], [[1, 2, 3, 4]], [[1, 2, 3, 4, 5, null]], { counts: [4, 5], size: [3, 3] }];
    for (const segmentation of masks) {
      expect(() => readCocoTruth(truthOf({ ...bare, segmentation }))).toThrow('annotations[0].bbox: expected [x, y');
    }
  });

  it('reports what is odd', () => {
    const odd = { ...annotation, bbox: ['1', null, 3, 4], area: '6', iscrowd: '0' };
    const { notes } = readCocoTruth(truthOf({ ...odd, id: 0 }, { ...odd, id: 4 }, { ...odd, id: 4 }));
    expect(notes).toEqual([
      '3 annotations have no "area" that is a number: width × height is taken',
      '3 annotations have an "iscrowd" other than 0 and 1: whether it is true is decided as in Python',
      expect.stringMatching(/^3 annotations have NaN or an infinity in the box/),
      expect.stringMatching(/^1 annotation has the id of a later one, which counts in/),
      expect.stringMatching(/^1 annotation has the id 0, with which/),
    ]);
  });

  it.each([
    [0, 0, 0],
    [1, 1, 1],
    [2, 1, 1],
    [false, 0, 0],
    [true, 1, 1],
    [null, 0, 0],
    ['1', 1, 1],
    // True in Python, like any text, but 0 as an integer.
    ['0', 0, 1],
    [0.5, 0, 1],
    [256, 1, 1],
    ['2.5', 1, 1],
    ['no', 0, 0],
    [Number.NaN, 0, 0],
    [[1], 0, 0],
  ])('reads an iscrowd of %j as crowd %i, ignore %i', (iscrowd, crowd, ignore) => {
    const [, truth] = readCocoTruth(truthOf({ ...annotation, iscrowd })).truths;
    expect(truth).toMatchObject({ crowd: Uint8Array.of(crowd), ignore: Uint8Array.of(ignore) });
  });

  it.each<[string, unknown, string]>([
    ['a list', [detection], 'found a list: are these the detections?'],
    ['something other than an object', 3, 'the file: expected an object, found 3'],
    ['no categories', { images: [], annotations: [] }, 'categories: expected a list, found nothing'],
    ['an image without an id', { ...file, images: [{}] }, 'images[0].id: expected a number or text, found nothing'],
    [
      'an id that is a list',
      { ...file, categories: [{ id: [1] }] },
      'categories[0].id: expected a number or text, found [1]',
    ],
    ['a short box', truthOf({ ...annotation, bbox: [1, 2, 3] }), 'annotations[0].bbox: expected [x, y, width, height]'],
    ['a box with a word', truthOf({ ...annotation, bbox: [1, 2, 3, 'wide'] }), 'found [1,2,3,"wide"]'],
    ['no box', truthOf({ ...annotation, bbox: null }), 'or polygons in "segmentation", found null'],
  ])('rejects %s and says where it is', (_, json, message) => {
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

  it('reports how many detections contain NaN', () => {
    const results = [detection, { ...detection, score: Number.NaN }, { ...detection, bbox: [0, 0, 1 / 0, 1] }];
    expect(readCocoResults(results, truth).notes).toEqual([
      expect.stringMatching(/^2 detections have NaN or an infinity in the box or the score/),
    ]);
  });

  it.each<[string, unknown, string]>([
    ['the truth', file, 'found an object with "annotations": is this the truth?'],
    ['something other than a list', { detections: [] }, 'the file: expected a list, found {"detections":[]}'],
    [
      'another image',
      [detection, { ...detection, image_id: 5 }],
      "results[1].image_id is 5, which is none of the truth's 2",
    ],
    ['no image', [{}], 'results[0].image_id: expected a number or text, found nothing'],
    ['no box', [{ ...detection, bbox: undefined }], 'results[0].bbox: expected [x, y, width, height] in pixels'],
    ['a null image', [{ ...detection, image_id: null }], "results[0].image_id is null, which is none of the truth's 2"],
    ['a score in quotes', [{ ...detection, score: '0.5' }], 'results[0].score: expected a number, found "0.5"'],
    ['a box in quotes', [{ ...detection, bbox: [0, 1 / 0, '1', 1] }], 'found [0,"Infinity","1",1]'],
  ])('rejects %s and says where it is', (_, json, message) => {
    expect(() => readCocoResults(json, truth)).toThrow(CocoFormatError);
    expect(() => readCocoResults(json, truth)).toThrow(message);
  });
});
