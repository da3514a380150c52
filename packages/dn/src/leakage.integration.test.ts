/** Proves that known queries leak nothing through attention, not by a single bit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageMask } from './mask.ts';
import type { DenoisingKind, DenoisingOptions, QueryModel } from './options.ts';
import { type KnownQueries, prepareKnownQueries } from './queries.ts';
import { seededNoise } from './random.ts';
import { decode, features, width } from './testing/attention.ts';
import { batches, layouts, manyObjects, models, numClasses, type TestTargets } from './testing/batches.ts';

const casesOf = (kind: DenoisingKind) =>
  fc.record({
    targets: batches,
    model: models,
    options: layouts.filter((options) => options.kind === kind),
    seed: fc.integer(),
  });

const prepare = (targets: readonly TestTargets[], model: QueryModel, options: DenoisingOptions, seed = 1) =>
  prepareKnownQueries(targets, seededNoise(seed), options, model);

type Chosen = (query: number, at: number) => boolean;

/** Replaces the inputs of the chosen known queries of an image by large and arbitrary values. */
function disturbed(queries: KnownQueries, image: number, chosen: Chosen): Float64Array {
  const fed = features(queries, image);
  for (let query = 0; query < queries.layout.known; query++) {
    if (!chosen(query, image * queries.layout.known + query)) continue;
    for (let c = 0; c < width; c++) fed[query * width + c] = 100 * Math.cos(7 * query + c + 1);
  }
  return fed;
}

/** The queries of an image whose output changes by any bit when the inputs of the chosen ones are replaced. */
function affected(queries: KnownQueries, image: number, chosen: Chosen): number[] {
  const mask = imageMask(queries, image);
  const before = decode(features(queries, image), mask);
  const after = decode(disturbed(queries, image, chosen), mask);
  const changed = Array.from({ length: queries.layout.total }, (_, query) => query);
  return changed.filter((query) => {
    const rows = [before, after].map((x) => x.subarray(query * width, (query + 1) * width)) as [
      Float64Array,
      Float64Array,
    ];
    return rows[0].some((value, c) => !Object.is(value, rows[1][c]));
  });
}

const forEachImage = (queries: KnownQueries, check: (image: number) => void) => {
  for (let image = 0; image < queries.layout.batch; image++) check(image);
};

describe.each(['dn', 'contrastive'] as const)('known queries of kind %s', (kind) => {
  const cases = casesOf(kind);

  it('change no output of a matching query, whatever else the mask isolates', () => {
    const masks = fc.record({ isolate: fc.constantFrom('groups', 'known'), maskPadding: fc.boolean() });
    fc.assert(
      fc.property(cases, masks, ({ targets, model, options, seed }, mask) => {
        const queries = prepare(targets, model, { ...options, ...mask }, seed);
        forEachImage(queries, (image) => {
          expect(affected(queries, image, () => true).filter((query) => query >= queries.layout.known)).toEqual([]);
        });
      }),
    );
  });

  it('change no output of another group', () => {
    fc.assert(
      fc.property(cases, fc.boolean(), ({ targets, model, options, seed }, maskPadding) => {
        const queries = prepare(targets, model, { ...options, maskPadding }, seed);
        const groupOf = (query: number) => Math.floor(query / queries.layout.groupSize);
        forEachImage(queries, (image) => {
          for (let group = 0; group < queries.layout.groups; group++) {
            const changed = affected(queries, image, (query) => groupOf(query) === group);
            expect(changed.filter((query) => groupOf(query) !== group)).toEqual([]);
          }
        });
      }),
    );
  });

  it('change nothing with the content of padding', () => {
    fc.assert(
      fc.property(cases, ({ targets, model, options, seed }) => {
        const queries = prepare(targets, model, options, seed);
        const { known } = queries.layout;
        const isPadding: Chosen = (_, at) => queries.valid[at] === 0;
        forEachImage(queries, (image) => {
          const changed = affected(queries, image, isPadding);
          expect(changed.filter((query) => query >= known || queries.valid[image * known + query] === 1)).toEqual([]);
        });
      }),
    );
  });
});

// This is what makes the proof conclusive: the same disturbance is noticed if a mask is removed.
describe('without the mask', () => {
  const targets = [manyObjects(3), manyObjects(1)];
  const model = { numClasses, matchingQueries: 2 };
  const options = { groups: 2 };

  it('all matching queries notice a known one', () => {
    const queries = prepare(targets, model, { ...options, isolate: 'nothing' });
    const changed = affected(queries, 0, (query) => query === 0);
    expect(changed.filter((query) => query >= queries.layout.known)).toEqual([6, 7]);
  });

  it('groups notice each other if only the matching queries are protected', () => {
    const queries = prepare(targets, model, { ...options, isolate: 'known' });
    expect(affected(queries, 0, (query) => query < 3)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('all matching queries notice a contrastive negative, which the mask shows only to its own group', () => {
    const negative: Chosen = (query) => query === 3;
    const open = prepare(targets, model, { ...options, kind: 'contrastive', isolate: 'nothing' });
    expect(open.negative[3]).toBe(1);
    expect(affected(open, 0, negative).filter((query) => query >= open.layout.known)).toEqual([12, 13]);
    const masked = prepare(targets, model, { ...options, kind: 'contrastive' });
    expect(affected(masked, 0, negative)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('real queries notice padding', () => {
    const queries = prepare(targets, model, { ...options, maskPadding: false });
    expect(queries.keyPadding).toBeUndefined();
    expect(affected(queries, 1, (_, at) => queries.valid[at] === 0)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('padding to another size', () => {
  /**
   * Outputs of everything that is real, and the loss of the known part as a criterion computes it from dense targets.
   */
  function results(queries: KnownQueries): { outputs: number[]; loss: number } {
    const { layout, valid, targets } = queries;
    const outputs: number[] = [];
    let sum = 0;
    forEachImage(queries, (image) => {
      const decoded = decode(features(queries, image), imageMask(queries, image));
      for (let query = 0; query < layout.total; query++) {
        const row = decoded.subarray(query * width, (query + 1) * width);
        const at = image * layout.known + query;
        if (query >= layout.known || valid[at] === 1) outputs.push(...row);
        if (query >= layout.known) continue;
        sum += (targets.classWeights[at] as number) * ((row[0] as number) - (targets.classes[at] as number)) ** 2;
        for (let i = 0; i < 4; i++) {
          const distance = Math.abs((row[i + 1] as number) - (targets.boxes[4 * at + i] as number));
          sum += (targets.boxWeights[at] as number) * distance;
        }
      }
    });
    return { outputs, loss: sum / Math.max(1, targets.normalizer) };
  }

  it.each(['dn', 'contrastive'] as const)('changes neither outputs nor losses of kind %s', (kind) => {
    fc.assert(
      fc.property(
        casesOf(kind),
        fc.integer({ min: 1, max: 9 }),
        ({ targets, model, options: drawn, seed }, slotBucket) => {
          // A budget could cut a larger bucket.
          const options = { ...drawn, maxKnownQueries: 0 };
          const [a, b] = [options, { ...options, slotBucket }].map((o) => results(prepare(targets, model, o, seed)));
          expect(a?.outputs.length).toBe(b?.outputs.length);
          for (const [i, output] of (a?.outputs ?? []).entries()) expect(b?.outputs[i]).toBeCloseTo(output, 5);
          expect(b?.loss).toBeCloseTo(a?.loss as number, 5);
        },
      ),
    );
  });
});
