import { smallConfig } from '@dn-detr/testing/small-run';
import { describe, expect, it } from 'vitest';
import type { RunConfig } from './config/schema.ts';
import { buildModel } from './models/model.ts';
import { queriesNeeded, shortageNote } from './query-shortage.ts';
import type { RunData } from './run-data.ts';
import { crowdedImage } from './testing/crowded-image.ts';

const shortageOf = (config: RunConfig, data: Pick<RunData, 'train' | 'val'>): string | undefined =>
  shortageNote(buildModel(config, 2), config, data);
const of = (...counts: number[]) => counts.map((count) => crowdedImage(count));

describe('shortageNote', () => {
  it.each([
    ['as many queries as objects', 8, of(8, 0), of(8)],
    ['crowds and boxes without an area beyond them', 8, [crowdedImage(8, 5, 5)], of(1)],
    ['no objects', 1, of(0), of()],
  ])('gives no note for %s', (_, queries, train, val) => {
    expect(shortageOf(smallConfig({ 'model.queries': queries }), { train, val })).toBeUndefined();
  });

  it('counts the surplus objects of each split', () => {
    const config = smallConfig({ 'model.queries': 10 });
    expect(shortageOf(config, { train: of(12, 10, 30), val: of(11, 2) })).toBe(
      'a query finds one object, and there are 10 queries for up to 30 objects in an image: 22 of 52 objects in train (in ' +
        '2 of 3 images) must go unmatched whenever the whole image is seen, and 1 of 13 objects in val (in 1 of 2 images) ' +
        'can never be found. model.queries=30 gives every object a query',
    );
    const trainAlone = shortageOf(config, { train: of(12), val: of(2) });
    expect(trainAlone).toMatch(/: 2 of 12 objects in train \(in 1 of 1 image\) [^,]*seen\. model.queries=12 /);
    const valAlone = shortageOf(config, { train: of(2), val: of(101) });
    expect(valAlone).toMatch(/ in an image: 91 of 101 objects in val \(in 1 of 1 image\) can never be found\. /);
    expect(valAlone).toMatch(/ query\. COCO's AP counts at most 100 detections of a class in an image$/);
  });

  it('counts the images of a run that overfits once', () => {
    const few = of(12);
    expect(shortageOf(smallConfig({ 'model.queries': 10 }), { train: few, val: few })).not.toContain('val');
  });

  it('multiplies queries by the number of patterns', () => {
    const patterned = (name: string) => smallConfig({ 'model.name': name, 'model.queries': 10, 'model.patterns': 3 });
    const data = { train: of(25), val: of(40) };
    for (const name of ['dn-detr', 'dab-detr']) {
      expect(shortageOf(patterned(name), data)).toMatch(
        /there are 10 × 3 patterns = 30 queries for up to 40 .*: 10 of 40 objects in val .* model.queries=14 /,
      );
    }
    for (const name of ['detr', 'dn-detr-vanilla']) {
      expect(shortageOf(patterned(name), data)).toMatch(/there are 10 queries .* in train .* model.queries=40 /);
    }
  });
});

it('counts the objects of the fullest image', () => {
  expect(queriesNeeded([])).toBe(0);
  expect(queriesNeeded([...of(3, 7, 0), crowdedImage(5, 4, 4)])).toBe(7);
});
