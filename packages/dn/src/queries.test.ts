import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DenoisingOptions, DnOptions, QueryModel } from './options.ts';
import { prepareKnownQueries } from './queries.ts';
import { type NoiseSource, recordedNoise, seededNoise } from './random.ts';
import { batches, layouts, manyObjects, models, numClasses } from './testing/batches.ts';

const model = { numClasses, matchingQueries: 4 };
const options: DnOptions = { groups: 2 };

const noNoise = { labelNoise: 0, centerNoise: 0, sizeNoise: 0 };

describe('prepareKnownQueries', () => {
  it('lays out groups one after another, each image from its first slot', () => {
    const targets = [
      { labels: [1], boxes: [0.5, 0.5, 0.25, 0.25] },
      { labels: [2, 3], boxes: [0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 0.125, 0.125] },
    ];
    const queries = prepareKnownQueries(targets, recordedNoise([]), { ...options, ...noNoise }, model);
    expect(queries.layout).toMatchObject({ batch: 2, groups: 2, slots: 2, known: 4, matching: 4, total: 8 });
    expect(queries.labels).toEqual(Int32Array.of(1, -1, 1, -1, 2, 3, 2, 3));
    expect(queries.objects).toEqual(Int32Array.of(0, -1, 0, -1, 0, 1, 0, 1));
    expect(queries.valid).toEqual(Uint8Array.of(1, 0, 1, 0, 1, 1, 1, 1));
    expect(queries.boxes.subarray(0, 8)).toEqual(Float32Array.of(0.5, 0.5, 0.25, 0.25, 0, 0, 0, 0));
    expect(queries.boxes.subarray(20, 24)).toEqual(Float32Array.of(0.75, 0.75, 0.125, 0.125));
    expect(queries.usage).toEqual({ queries: 6, objects: 3, overBudget: 0, crowd: 0, degenerate: 0 });
    expect(queries.targets.normalizer).toBe(6);
  });

  it('puts negatives after the positives of their group', () => {
    const queries = prepareKnownQueries(
      [manyObjects(2), manyObjects(1)],
      seededNoise(1),
      {
        kind: 'contrastive',
        groups: 2,
        labelNoise: 0,
      },
      model,
    );
    expect(queries.layout).toMatchObject({ slots: 2, groupSize: 4, known: 8 });
    expect(queries.objects).toEqual(Int32Array.of(...[0, 1, 0, 1, 0, 1, 0, 1], ...[0, -1, 0, -1, 0, -1, 0, -1]));
    expect(queries.negative).toEqual(Uint8Array.of(...[0, 0, 1, 1, 0, 0, 1, 1], ...[0, 0, 1, 0, 0, 0, 1, 0]));
    expect(queries.targets.normalizer).toBe(6);
    expect(queries.usage).toMatchObject({ queries: 12, objects: 3 });
  });

  it('draws in the order of the reference: flips, new labels, boxes, group by group', () => {
    const targets = [manyObjects(1), manyObjects(1)];
    const noise = recordedNoise([[0, 0.9, 0.9, 0], [5, 6], new Float32Array(16).fill(0.5)]);
    const queries = prepareKnownQueries(targets, noise, options, model);
    expect(queries.labels).toEqual(Int32Array.of(5, 2, 2, 6));
    expect(noise.remaining).toBe(0);
  });

  it.each<DenoisingOptions>([{}, { kind: 'contrastive' }, { slotBucket: 8 }])(
    'accepts a batch without objects: %j',
    (changes) => {
      const none = { labels: [], boxes: [] };
      const queries = prepareKnownQueries([none, none], seededNoise(1), { ...changes, groups: 2 }, model);
      const known = changes.slotBucket === undefined ? 0 : 16;
      expect(queries.layout).toMatchObject({ known, total: known + 4 });
      expect(queries.boxes.length).toBe(2 * known * 4);
      expect(queries.groupMask.length).toBe((known + 4) ** 2);
      expect(queries.keyPadding?.filter((padded) => padded === 1).length).toBe(2 * known);
      expect(queries.targets.normalizer).toBe(0);
      expect(queries.usage.queries).toBe(0);
    },
  );

  it('accepts a batch without images', () => {
    expect(prepareKnownQueries([], seededNoise(1), options, model).layout).toMatchObject({
      batch: 0,
      known: 0,
      total: 4,
    });
  });

  it('accepts an image of 200 objects next to an empty one', () => {
    const queries = prepareKnownQueries([manyObjects(200), manyObjects(0)], seededNoise(1), options, model);
    expect(queries.layout.known).toBe(400);
    expect(queries.usage).toMatchObject({ queries: 400, objects: 200 });
  });

  it('keeps within the budget by a new random subset of the objects in each step, and reports it', () => {
    const budget = { ...options, maxKnownQueries: 50 };
    const steps = Array.from({ length: 40 }, (_, step) =>
      prepareKnownQueries([manyObjects(200), manyObjects(3)], seededNoise(step), budget, model),
    );
    for (const { layout, usage } of steps) {
      expect(layout).toMatchObject({ groups: 1, slots: 50, known: 50 });
      expect(usage).toMatchObject({ queries: 53, objects: 53, overBudget: 150 });
    }
    const seen = new Set(steps.flatMap(({ objects }) => [...objects.subarray(0, 50)]));
    expect(seen.size).toBe(200);
    const [first, second] = steps.map(({ objects }) => objects.subarray(0, 50));
    expect(new Set(first).size).toBe(50);
    expect(first).not.toEqual(second);
  });

  it('leaves out crowds, and still identifies objects by their index among the targets', () => {
    const boxes = [0.5, 0.5, 0.25, 0.25];
    const target = { labels: [3, 4, 5], boxes: [...boxes, ...boxes, ...boxes], crowd: [0, 1, 0] };
    const skipping = { ...options, ...noNoise, skip: ['crowd'] } as const;
    const queries = prepareKnownQueries([target], seededNoise(1), skipping, model);
    expect(queries.objects).toEqual(Int32Array.of(0, 2, 0, 2));
    expect(queries.targets.classes).toEqual(Int32Array.of(3, 5, 3, 5));
    expect(queries.usage).toMatchObject({ objects: 2, crowd: 1 });
  });

  it('gives the same bytes for the same seed, and different ones for another', () => {
    fc.assert(
      fc.property(batches, layouts, models, fc.integer(), (targets, layout, fits, seed) => {
        const prepare = () => prepareKnownQueries(targets, seededNoise(seed), layout, fits);
        expect(prepare()).toEqual(prepare());
      }),
    );
    const boxes = [1, 2].map((seed) => prepareKnownQueries([manyObjects(3)], seededNoise(seed), options, model).boxes);
    expect(boxes[0]).not.toEqual(boxes[1]);
  });

  it('does not change the targets, and shares no memory with them', () => {
    fc.assert(
      fc.property(batches, layouts, models, (targets, layout, fits) => {
        const before = structuredClone(targets);
        const queries = prepareKnownQueries(targets, seededNoise(1), layout, fits);
        for (const out of [queries.labels, queries.boxes, queries.targets.boxes, queries.targets.classes]) out.fill(9);
        expect(targets).toEqual(before);
      }),
    );
  });

  it('draws the same noise however far a batch is padded', () => {
    fc.assert(
      fc.property(batches, layouts, fc.integer({ min: 1, max: 9 }), (targets, options, slotBucket) => {
        const layout = { ...options, maxKnownQueries: 0 };
        const [a, b] = [layout, { ...layout, slotBucket }].map((o) =>
          prepareKnownQueries(targets, seededNoise(1), o, model),
        );
        const real = (queries: typeof a) => queries?.boxes.filter((_, i) => queries.valid[i >> 2] === 1);
        expect(real(a)).toEqual(real(b));
      }),
    );
  });

  it('restores the objects that the queries come from, within the budget', () => {
    fc.assert(
      fc.property(batches, layouts, models, (targets, layout, fits) => {
        const {
          objects,
          negative,
          targets: restored,
          layout: made,
        } = prepareKnownQueries(targets, seededNoise(1), layout, fits);
        expect(made.known).toBeLessThanOrEqual(layout.maxKnownQueries || Number.POSITIVE_INFINITY);
        objects.forEach((object, at) => {
          const { labels, boxes } = targets[Math.floor(at / made.known)] as (typeof targets)[0];
          const isObject = object >= 0 && negative[at] === 0;
          expect(restored.classes[at]).toBe(isObject ? labels[object] : numClasses);
          const box = isObject ? boxes.slice(4 * object, 4 * object + 4) : new Float32Array(4);
          expect(restored.boxes.slice(4 * at, 4 * at + 4)).toEqual(box);
        });
      }),
    );
  });

  it('makes none without groups, for the baseline of denoising', () => {
    const { layout, labels, targets, usage } = prepareKnownQueries(
      [manyObjects(3)],
      seededNoise(1),
      {
        groups: 0,
      },
      model,
    );
    expect([layout.known, labels.length, targets.normalizer, usage.queries, usage.objects]).toEqual([0, 0, 0, 0, 0]);
  });

  it('draws no random numbers if there is no noise', () => {
    const silent: NoiseSource = { uniform: () => expect.fail('uniform'), integers: () => expect.fail('integers') };
    for (const noiseless of [noNoise, { kind: 'contrastive', labelNoise: 0, boxNoise: 0 } as const]) {
      const queries = prepareKnownQueries([manyObjects(3)], silent, noiseless, model);
      expect(queries.boxes.subarray(0, 12)).toEqual(manyObjects(3).boxes);
    }
  });

  it('rejects invalid targets, models and options', () => {
    const prepare =
      (fits: QueryModel, chosen: DenoisingOptions = {}) =>
      () =>
        prepareKnownQueries([manyObjects(1)], seededNoise(1), chosen, fits);
    expect(prepare({ ...model, numClasses: 2 })).toThrow('image 0, object 0: label 2 is not a class');
    expect(prepare({ ...model, numClasses: 0 })).toThrow('numClasses is 0: expected a whole number from 1');
    expect(prepare({ ...model, matchingQueries: 0 })).toThrow('matchingQueries is 0: expected a whole number from 1');
    expect(prepare(model, { groups: -1 })).toThrow('groups is -1');
  });
});
