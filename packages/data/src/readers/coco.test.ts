import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../error.ts';
import { openDataset } from '../open.ts';
import { jpeg, makeFolder } from '../testing/dataset-folder.ts';

let bytes: Buffer;
beforeAll(async () => {
  bytes = await jpeg(64, 48);
});

interface Json {
  images?: unknown;
  annotations?: unknown;
  categories?: unknown;
}

const image = (id: number, fields: object = {}) => ({ id, file_name: `${id}.jpg`, width: 64, height: 48, ...fields });
const object = (id: number, image_id: number, fields: object = {}) => ({
  id,
  image_id,
  category_id: 1,
  bbox: [1, 2, 10, 20],
  area: 200,
  iscrowd: 0,
  ...fields,
});
const cat = { id: 1, name: 'cat' };
const dog = { id: 2, name: 'dog' };

/** Opens train.json with these lists, val.json with one good image, and the images 1.jpg to 9.jpg. */
async function open(train: Json, files: Record<string, object> = {}) {
  const images = Object.fromEntries([1, 2, 3, 9].map((id) => [`images/${id}.jpg`, bytes]));
  const val = { images: [image(9)], annotations: [object(1, 9)], categories: [cat, dog] };
  const whole = { images: [image(1), image(2)], annotations: [object(1, 1)], categories: [cat, dog], ...train };
  const opened = await openDataset(makeFolder({ ...images, 'train.json': whole, 'val.json': val, ...files }));
  const of = (kind: string) =>
    opened.problems
      .filter((problem) => problem.kind === kind)
      .map(({ file, field, message }) => `${file}, ${field}: ${message}`);
  return { ...opened, of };
}

describe('COCO', () => {
  it('reads images, classes and objects', async () => {
    const categories = [
      { id: 7, name: 'dog' },
      { id: 3, name: 'cat' },
    ];
    const annotations = [
      object(1, 2, { category_id: 7, bbox: [0.5, 1.25, 3, 4], area: 7.5 }),
      object(2, 2, { category_id: 3, iscrowd: 1 }),
    ];
    const { dataset } = await open(
      { categories, annotations },
      { 'val.json': { images: [image(9)], annotations: [object(1, 9, { category_id: 3 })], categories } },
    );
    expect(dataset).toMatchObject({
      format: 'coco',
      categories: [
        { id: 3, name: 'cat' },
        { id: 7, name: 'dog' },
      ],
      test: [],
    });
    const [first, second] = dataset.train;
    expect(first).toMatchObject({ id: 1, name: 'images/1.jpg', width: 64, height: 48 });
    expect(first?.objects.labels.length).toBe(0);
    expect(second?.objects).toEqual({
      labels: Int32Array.of(1, 0),
      boxes: Float64Array.of(0.5, 1.25, 3, 4, 1, 2, 10, 20),
      areas: Float64Array.of(7.5, 200),
      crowd: Uint8Array.of(0, 1),
      ids: Float64Array.of(1, 2),
    });
    expect((await second?.read())?.data.length).toBe(64 * 48 * 3);
  });

  it.each<[string, string[]]>([
    ['annotations/instances_train2017.json', ['train2017/1.jpg']],
    ['annotations/instances_train2017.json', ['images/train2017/1.jpg']],
    ['annotations/instances_train.json', ['train/1.jpg']],
    ['train.json', ['train2017/1.jpg']],
    ['annotations/instances_train.json', ['images/Train/1.jpg']],
    ['train_annotations.json', ['images/1.jpg']],
    ['annotations/train2017_boxes_v2.json', ['images/1.jpg']],
    ['parts_train.json', ['images/1.jpg']],
    ['annotations/train.json', ['images/1.jpg']],
    ['train/_annotations.coco.json', ['train/1.jpg']],
    ['instances_train2014.json', ['1.jpg']],
    ['annotations/cells_v2-train.json', ['images/1.jpg']],
    ['annotations/instances_default.json', ['images/1.jpg']],
    ['labels.json', ['data/1.jpg']],
    ['annotations/instances_minitrain2017.json', ['train/1.jpg']],
    ['annotations/instances_train_v2.json', ['train/1.jpg']],
    ['instances_subset_train.json', ['images/1.jpg']],
    ['instances_trainval2014.json', ['images/1.jpg']],
  ])('finds %s and %j', async (json, images) => {
    const folder = makeFolder({
      [json]: { images: [image(1), image(2)], annotations: [object(1, 1)], categories: [cat] },
      ...Object.fromEntries(
        images.flatMap((name) => [
          [name, bytes],
          [name.replace('1.jpg', '2.jpg'), bytes],
        ]),
      ),
    });
    const { dataset, notices } = await openDataset(folder);
    expect(dataset.train.length + dataset.val.length).toBe(2);
    expect(notices).toEqual(['there is no val split: 1 of the 2 images of train become val (seed 0)']);
  });

  it('finds the splits that COCO and Roboflow name, and prefers the plain or latest file', async () => {
    const one = (id: number) => ({ images: [image(id)], annotations: [object(1, id)], categories: [cat] });
    const coco = await openDataset(
      makeFolder({
        'annotations/instances_train2014.json': one(3),
        'annotations/instances_train2017.json': one(1),
        'annotations/instances_val2017.json': one(2),
        'annotations/image_info_test2017.json': {},
        'annotations/mine_train.json': {},
        'detections_train.json': [],
        'annotations/person_keypoints_train2017.json': {},
        'train2017/1.jpg': bytes,
        'val2017/2.jpg': bytes,
      }),
    );
    expect([coco.dataset.train, coco.dataset.val].map((split) => split.map(({ name }) => name))).toEqual([
      ['train2017/1.jpg'],
      ['val2017/2.jpg'],
    ]);
    expect(coco.notices).toEqual([
      'train is annotations/instances_train2017.json; not used: annotations/instances_train2014.json, annotations/mine_train.json',
    ]);
    const roboflow = await openDataset(
      makeFolder({
        'train/_annotations.coco.json': one(1),
        'valid/_annotations.coco.json': one(1),
        'test/_annotations.coco.json': one(1),
        'train/1.jpg': bytes,
        'valid/1.jpg': bytes,
        'test/1.jpg': bytes,
      }),
    );
    const { train, val, test } = roboflow.dataset;
    expect([train, val, test].map((split) => split.map(({ name }) => name))).toEqual([
      ['train/1.jpg'],
      ['valid/1.jpg'],
      ['test/1.jpg'],
    ]);
    expect(roboflow.problems).toEqual([]);
  });

  const small = (file_name = '1.jpg') => ({
    images: [image(1, { file_name }), image(2, { file_name: file_name.replace('1.jpg', '2.jpg') })],
    annotations: [object(1, 1), object(2, 2)],
    categories: [cat],
  });

  it('uses the only COCO file, whatever its name, as train, and lists several', async () => {
    const images = { 'images/1.jpg': bytes, 'images/2.jpg': bytes };
    for (const name of ['cells.json', 'annotations/instances_all.json']) {
      const folder = makeFolder({ ...images, 'settings.json': { images: 2 }, [name]: small() });
      const { dataset, notices } = await openDataset(folder);
      expect([dataset.train.length, dataset.val.length]).toEqual([1, 1]);
      expect(notices[0]).toBe(`${name} is the only COCO file: it is used as train`);
    }
    const two = makeFolder({ ...images, 'a.json': small(), 'annotations/b.json': small() });
    await expect(openDataset(two)).rejects.toThrow(/COCO: .*; none of a\.json, annotations\/b\.json has a known name/);
  });

  it('finds images by the last parts of foreign paths, where those are unambiguous', async () => {
    for (const prefix of ['/home/someone/data/', 'C:\\data\\', 'set-7/pictures/', 'https://example.org/train/']) {
      const folder = makeFolder({
        'train.json': small(`${prefix}1.jpg`),
        'images/1.jpg': bytes,
        'images/2.jpg': bytes,
      });
      const { dataset, notices } = await openDataset(folder);
      expect(dataset.train.length + dataset.val.length).toBe(2);
      expect(notices[0]).toBe(
        `train.json: 2 images were found by the last parts of their names, such as ${prefix}1.jpg as images/1.jpg`,
      );
    }
    const files = { 'images/1.jpg': bytes, 'images/2.jpg': bytes };
    const refused = [
      // In two places; in a folder that exists; and one file for two names.
      { 'train.json': small('/x/1.jpg'), ...files, '1.jpg': bytes, '2.jpg': bytes },
      { 'train.json': small('val/1.jpg'), ...files, 'val/3.jpg': bytes },
      {
        'train.json': { ...small(), images: [image(1, { file_name: 'a/1.jpg' }), image(2, { file_name: 'b/1.jpg' })] },
        ...files,
      },
    ];
    for (const content of refused) {
      await expect(openDataset(makeFolder(content))).rejects.toThrow(
        /^none of the 2 images of train\.json can be used/,
      );
    }
  });

  it('reads UTF-16, and reports bytes that are not UTF-8', async () => {
    const text = JSON.stringify({ ...small(), categories: [{ id: 1, name: 'café' }] });
    const images = { 'images/1.jpg': bytes, 'images/2.jpg': bytes };
    const marked = Buffer.from(`\uFEFF${text}`, 'utf16le');
    for (const content of [marked, Buffer.from(marked).swap16(), Buffer.from(text, 'latin1')]) {
      const { dataset, problems } = await openDataset(makeFolder({ ...images, 'train.json': content }));
      expect(dataset.categories).toEqual([{ id: 1, name: 'café' }]);
      expect(problems.filter(({ kind }) => kind === 'bad-value')).toEqual(
        content.length === text.length
          ? [
              {
                kind: 'bad-value',
                file: 'train.json',
                field: 'categories[0]',
                message: 'line 1 is not UTF-8: it is read as windows-1252, like any others',
              },
            ]
          : [],
      );
    }
  });

  it('drops a class that is only the supercategory of others, and keeps other classes without objects', async () => {
    const categories = [
      { id: 0, name: 'animals', supercategory: 'none' },
      { ...cat, supercategory: 'animals' },
      { ...dog, supercategory: 'animals' },
    ];
    const { dataset, of } = await open(
      { categories },
      { 'val.json': { images: [image(9)], annotations: [], categories } },
    );
    expect(dataset.categories).toEqual([cat, dog]);
    expect(of('unused-class')).toEqual([
      'train.json, categories: animals is the supercategory of other classes and has no objects: it is not a class',
      '., undefined: dog has no objects in train that training uses',
    ]);
    const used = await open(
      { categories, annotations: [object(1, 1, { category_id: 0 })] },
      { 'val.json': { images: [image(9)], annotations: [], categories } },
    );
    expect(used.dataset.categories.length).toBe(3);
  });

  it('merges classes by name where splits number them differently', async () => {
    const { dataset, of } = await open(
      { categories: [cat, dog], annotations: [object(1, 1), object(2, 2, { category_id: 2 })] },
      {
        'val.json': {
          images: [image(9)],
          annotations: [object(1, 9, { category_id: 1 }), object(2, 9, { category_id: 5 })],
          categories: [
            { id: 1, name: 'dog' },
            { id: 5, name: 'bird' },
          ],
        },
      },
    );
    expect(dataset.categories).toEqual([cat, dog, { id: 5, name: 'bird' }]);
    expect([...(dataset.val[0]?.objects.labels ?? [])]).toEqual([1, 2]);
    expect(of('class-mismatch')).toEqual([
      'val.json, categories: dog has the id 1 here and 2 in another split',
      'val.json, categories: cat is not listed here, but in train.json',
      'train.json, categories: bird is not listed here, but in val.json',
    ]);
  });

  it('labels every object with the rank of its category id', async () => {
    const ids = fc.uniqueArray(fc.integer({ min: -5, max: 1000 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(ids, fc.array(fc.nat(100), { minLength: 1, maxLength: 8 }), async (ids, picks) => {
        const categories = ids.map((id) => ({ id, name: `class ${id}` }));
        const used = picks.map((pick) => ids[pick % ids.length] as number);
        const annotations = used.map((category_id, n) => object(n, 1, { category_id }));
        const { dataset } = await open(
          { categories, annotations },
          { 'val.json': { images: [image(9)], annotations: [], categories } },
        );
        expect(dataset.categories.map(({ id }) => id)).toEqual(ids.toSorted((a, b) => a - b));
        const labels = [...(dataset.train[0]?.objects.labels ?? [])];
        expect(labels.map((label) => dataset.categories[label]?.name)).toEqual(used.map((id) => `class ${id}`));
      }),
      { numRuns: 30 },
    );
  });

  it('leaves out images with any unusable object, and reports the objects', async () => {
    const { dataset, of } = await open({
      annotations: [
        object(1, 77),
        object(2, 1, { category_id: 8 }),
        object(3, 1, { category_id: null }),
        object(4, 1, { bbox: [1, 2, '3', 4] }),
        object(5, 1, { bbox: [1, 2, 3] }),
        object(6, 1, { bbox: null }),
        object(7, 1, { image_id: 'x' }),
        'nothing',
        object(9, 1),
        object(9, 1, { bbox: [30, 30, 5, 5] }),
        object(11, 1, { area: null, iscrowd: 'no', bbox: [40, 30, 5, 5] }),
        object(12, 1, { area: undefined, iscrowd: undefined, bbox: [50, 30, 5, 5] }),
        object(13, 2),
      ],
    });
    expect(dataset.train.map(({ id }) => id)).toEqual([2]);
    expect(of('unreadable-labels')).toEqual([
      'train.json, images[0].file_name: images/1.jpg: 5 of its 9 objects cannot be read',
    ]);
    expect(of('unknown-image')).toEqual([
      'train.json, annotations[7].image_id: nothing is not an image id',
      'train.json, annotations[0].image_id (id 1): no image has the id 77',
      'train.json, annotations[6].image_id (id 7): no image has the id x',
    ]);
    expect(of('unknown-class')).toEqual([
      'train.json, annotations[2].category_id (id 3): null is not a class id',
      'train.json, annotations[1].category_id (id 2): 1.jpg: no class has the id 8',
    ]);
    expect(of('bad-object').map((text) => text.split(': ')[1])).toEqual([
      '[1,2,"3",4] is not a box',
      '[1,2,3] is not a box',
      'null is not a box, and there is no polygon',
    ]);
    expect(of('duplicate-annotation-id')).toEqual(['train.json, annotations[9].id (id 9): the id 9 is already used']);
    expect(of('bad-value')).toEqual([
      "train.json, annotations[10].area (id 11): null is not an area: the box's is used, 25",
      'train.json, annotations[10].iscrowd (id 11): "no" is neither 0 nor 1: 0 is used',
    ]);
  });

  it('reads crowd flags as truth values, as pycocotools does, and reports unusual ones', async () => {
    const values = [0, 1, false, true, 2, '1', '0', 'no', null, []];
    const { dataset, of } = await open({
      annotations: values.map((iscrowd, n) => object(n + 1, 1, { iscrowd, bbox: [6 * n, 0, 5, 5] })),
    });
    expect([...(dataset.train[0]?.objects.crowd ?? [])]).toEqual([0, 1, 0, 1, 1, 1, 0, 0, 0, 0]);
    expect(of('bad-value').map((text) => text.split(': ').slice(1).join(': '))).toEqual([
      'true is neither 0 nor 1: 1 is used',
      '2 is neither 0 nor 1: 1 is used',
      '"1" is neither 0 nor 1: 1 is used',
      '"0" is neither 0 nor 1: 0 is used',
      '"no" is neither 0 nor 1: 0 is used',
      'null is neither 0 nor 1: 0 is used',
      '[] is neither 0 nor 1: 0 is used',
    ]);
  });

  it('shows NaN as written in the file', async () => {
    const text = JSON.stringify({
      images: [image(1), image(2)],
      annotations: [object(1, 1, { bbox: [1, 'X', 3, 4], area: 'Y' }), object(2, 1, { area: 'X' })],
      categories: [cat],
    });
    const train = text.replaceAll('"X"', 'NaN').replaceAll('"Y"', '-Infinity');
    const { problems } = await openDataset(
      makeFolder({ 'train.json': train, 'images/1.jpg': bytes, 'images/2.jpg': bytes }),
    );
    const messages = problems.map(({ message }) => message);
    expect(messages).toContain('[1,NaN,3,4] is not a box: expected [x, y, width, height], four numbers');
    expect(messages).toContain("NaN is not an area: the box's is used, 200");
  });

  it('notes classes that differ only in letter case', async () => {
    const { of } = await open({ categories: [cat, dog, { id: 3, name: 'CAT' }] });
    expect(of('similar-classes')).toEqual(['., undefined: "cat" and "CAT"']);
  });

  it('keeps the annotation ids, and notes the id 0', async () => {
    const annotations = [object(0, 1), { ...object(7, 1, { bbox: [30, 30, 5, 5] }), id: undefined }];
    const { dataset, of } = await open({ annotations });
    expect(dataset.train[0]?.objects.ids).toEqual(Float64Array.of(0, Number.NaN));
    expect(of('annotation-id-zero')).toEqual(['train.json, annotations[0].id (id 0): the id is 0']);
  });

  it('names classes by numbers, and those without a name after their ids', async () => {
    const categories = [
      { id: 1, name: 7 },
      { id: 2, name: null },
      { id: 'x', name: ' ' },
      { id: 4 },
      { id: 5, name: false },
    ];
    const annotations = categories.map(({ id }, n) => object(n + 1, 1, { category_id: id, bbox: [6 * n, 0, 5, 5] }));
    const { dataset } = await open(
      { categories, annotations },
      { 'val.json': { images: [image(9)], annotations: [], categories: [{ id: 9, name: 7 }] } },
    );
    expect(dataset.categories.map(({ name }) => name)).toEqual(['7', '2', '4', 'false', 'x']);
    expect([...(dataset.train[0]?.objects.labels ?? [])]).toEqual([0, 1, 4, 2, 3]);
  });

  it('accepts texts and numbers beyond 2⁵³ as ids, and finds ids written with different leading zeros', async () => {
    const ids = ['2024-frame-001', '007', '9007199254740993', '9007199254740992', 8];
    const text = JSON.stringify({
      images: ids.map((id, n) => image(n, { id, file_name: `${n}.jpg` })),
      annotations: ids.map((image_id, n) =>
        object(n, 0, { image_id, id: `a${n}`, category_id: '01', bbox: [n, n, 9, 9] }),
      ),
      categories: [{ id: '1', name: 'cat' }],
    });
    // Bare, as Python writes them.
    const train = text.replaceAll(/"(900719925474099\d)"/g, '$1').replace('"image_id":8', '"image_id":"0008"');
    const images = Object.fromEntries(ids.map((_, n) => [`images/${n}.jpg`, bytes]));
    const { dataset, notices, problems } = await openDataset(makeFolder({ 'train.json': train, ...images }), {
      seed: 3,
    });
    const all = [...dataset.train, ...dataset.val];
    expect(all.map(({ id }) => id).sort()).toEqual(ids.toSorted());
    for (const { name, objects } of all) expect(name).toBe(`images/${objects.boxes[0]}.jpg`);
    expect(dataset.categories).toEqual([{ id: 1, name: 'cat' }]);
    expect(notices[0]).toMatch(
      /^train.json: 6 ids are written with different leading zeros than listed, such as 01 for 1$/,
    );
    expect(problems).toEqual([]);
  });

  it('sorts the images by their ids', async () => {
    const { dataset } = await open({ images: [image(3), image(1), image(2)] });
    expect(dataset.train.map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  it('reports boxes that training changes or leaves out, and keeps them all', async () => {
    const boxes = [
      [1, 2, 0, 5],
      [10, 10, -3, 5],
      [100, 10, 5, 5],
      [60, 40, 10, 10],
      [0, 0, 64.05, 48],
      [1, 1, 10, 10],
      [1, 1, 10, 9.5],
    ];
    const { dataset, of } = await open({ annotations: boxes.map((bbox, n) => object(n, 1, { bbox })) });
    expect(dataset.train[0]?.objects.boxes).toEqual(Float64Array.from(boxes.flat()));
    expect(of('empty-box').map((text) => text.split('1.jpg: ')[1])).toEqual([
      'box [1, 2, 0, 5] is empty',
      'box [10, 10, -3, 5] is turned inside out',
      'box [100, 10, 5, 5] has no area inside the image of 64 × 48',
    ]);
    expect(of('outside-image')).toEqual([
      'train.json, annotations[3].bbox (id 3): images/1.jpg: box [60, 40, 10, 10] leaves the image of 64 × 48',
    ]);
    expect(of('boxed-twice').map((text) => text.split('1.jpg: ')[1])).toEqual([
      'box [1, 1, 10, 9.5] and an earlier one, [1, 1, 10, 10], have an IoU of 0.95',
    ]);
    expect(of('no-objects')).toEqual(['images/2.jpg, undefined: it has no object']);
  });

  it('reports images that it cannot use, and keeps the others', async () => {
    const { dataset, of } = await open({
      images: [
        image(1, { width: null, height: '48' }),
        image(2, { file_name: '3.JPG', width: undefined, height: undefined }),
        image(3, { file_name: '3.jpg' }),
        image(4),
        image(5, { file_name: 5 }),
        image(6, { id: null }),
        image(7, { file_name: '1.jpg' }),
        image(8, { file_name: '2.jpg' }),
        image(8, { file_name: '9.jpg' }),
        image(7, { file_name: '1.jpg' }),
        image(10, { file_name: '..\\images\\2.jpg' }),
      ],
      annotations: [object(1, 1), object(2, 8), object(3, 5)],
    });
    expect(dataset.train.map(({ id, name, width }) => [id, name, width])).toEqual([
      [1, 'images/1.jpg', 64],
      [3, 'images/3.jpg', 64],
      [10, 'images/2.jpg', 64],
    ]);
    expect(of('missing-image')).toEqual([
      'train.json, images[1].file_name: there is no 3.JPG',
      'train.json, images[3].file_name: there is no 4.jpg',
    ]);
    expect(of('unusable-image')).toEqual([
      'train.json, images[4].file_name: 5 is not a file name',
      'train.json, images[5].id: null is not an id: expected a whole number or a text',
    ]);
    expect(of('duplicate-image-id')).toEqual([
      'train.json, images[8].id: 9.jpg has the id 8, as 2.jpg has',
      'train.json, images[9].id: 1.jpg has the id 7, as 1.jpg has',
    ]);
    expect(of('duplicate-file-name')).toEqual(['train.json, images[6].file_name: 1.jpg is already listed']);
    expect(of('unknown-image')).toEqual([
      'train.json, annotations[1].image_id (id 2): image 8 cannot be used',
      'train.json, annotations[2].image_id (id 3): image 5 cannot be used',
    ]);
    expect(of('bad-value')).toEqual([
      `train.json, images[0].width, height: 1.jpg: null × "48" is not a size: the file's own is used`,
    ]);
  });

  it('finds a file whose name uses another Unicode form', async () => {
    const { dataset, of } = await open(
      { images: [image(1, { file_name: 'cafe\u0301.jpg' })] },
      { 'images/caf\u00e9.jpg': bytes },
    );
    expect(dataset.train.length).toBe(1);
    expect(of('other-name').length).toBe(1);
  });

  it('ignores a test split without annotations', async () => {
    const { dataset, notices } = await open({}, { 'test.json': { images: [image(3)], categories: [cat] } });
    expect(dataset.test).toEqual([]);
    expect(notices).toEqual(['test.json has no annotations, so there is no test split']);
  });

  it.each<[string, Json, RegExp]>([
    ['no "images"', { images: undefined }, /^train.json has no "images": expected COCO's JSON object/],
    ['no "annotations"', { annotations: undefined }, /^train.json has no "annotations"/],
    ['an object in place of a list', { images: {} }, /^train.json, line 1, column \d+: images is not a list/],
    [
      'images that are nowhere',
      { images: [image(55)] },
      /^none of the 1 images of train.json can be used, looked for in \., train, images\/train, .*\n.*there is no 55.jpg/,
    ],
  ])('refuses %s', async (_, train, message) => {
    const thrown = await open(train).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(DataError);
    expect((thrown as DataError).message).toMatch(message);
  });

  it('says that there is nothing to train on where train has no images', async () => {
    const { dataset, of } = await open({ images: [], annotations: [] });
    expect([dataset.train.length, dataset.val.length]).toEqual([0, 1]);
    expect(of('nothing-to-train')).toEqual(['., undefined: train has no images']);
  });

  it('refuses a folder without classes or images', async () => {
    const none = { images: [image(1)], annotations: [], categories: [{ id: null, name: 'cat' }] };
    await expect(openDataset(makeFolder({ 'train.json': none, '1.jpg': bytes }))).rejects.toThrow(
      'train.json: no classes: "categories" lists none that can be used',
    );
    const empty = { images: [], annotations: [], categories: [cat] };
    await expect(openDataset(makeFolder({ 'train.json': empty }))).rejects.toThrow(
      new DataError('the data set has no image that can be used'),
    );
  });
});
