import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupMask, imageMask } from './mask.ts';
import { prepareKnownQueries } from './queries.ts';
import { seededNoise } from './random.ts';
import { batches, layouts, manyObjects, models, numClasses } from './testing/batches.ts';

const rowsOf = (mask: Uint8Array, total: number) =>
  Array.from({ length: total }, (_, i) => mask.subarray(i * total, (i + 1) * total).join(''));

/** All queries whose content can reach query `from` through any number of layers. */
function reachable(mask: Uint8Array, total: number, from: number): Set<number> {
  const seen = new Set([from]);
  for (const i of seen) {
    for (let j = 0; j < total; j++) if (mask[i * total + j] === 0) seen.add(j);
  }
  return seen;
}

describe('groupMask', () => {
  const layout = { groupSize: 2, known: 4, total: 6 };

  it('isolates groups from each other and known queries from matching ones', () => {
    expect(rowsOf(groupMask(layout), 6)).toEqual(['001100', '001100', '110000', '110000', '111100', '111100']);
  });

  it('lets groups see each other for an ablation', () => {
    expect(rowsOf(groupMask(layout, 'known'), 6)).toEqual([...Array(4).fill('000000'), '111100', '111100']);
  });

  it('blocks nothing for an ablation', () => {
    expect(groupMask(layout, 'nothing').every((blocked) => blocked === 0)).toBe(true);
  });

  it('agrees with the closed form of the paper', () => {
    fc.assert(
      fc.property(fc.nat(4), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (groups, m, matching) => {
        const known = groups * m;
        const total = known + matching;
        const mask = groupMask({ groupSize: m, known, total });
        for (let i = 0; i < total; i++) {
          for (let j = 0; j < total; j++) {
            const blocked = j < known && (i >= known || Math.floor(i / m) !== Math.floor(j / m));
            expect(mask[i * total + j]).toBe(blocked ? 1 : 0);
          }
        }
      }),
    );
  });

  it('returns the same array for the same layout, and forgets the least recently used layout', () => {
    const first = groupMask(layout);
    expect(groupMask({ ...layout })).toBe(first);
    expect(groupMask(layout, 'known')).not.toBe(first);
    for (let total = 100; total < 200; total++) {
      groupMask({ ...layout, total });
      groupMask(layout);
    }
    expect(groupMask(layout)).toBe(first);
    for (let total = 100; total < 200; total++) groupMask({ ...layout, total });
    expect(groupMask(layout)).not.toBe(first);
  });
});

describe('imageMask', () => {
  const cases = fc.record({ targets: batches, model: models, options: layouts, maskPadding: fc.boolean() });

  it('lets no known query reach a matching one or another group, through any number of layers', () => {
    fc.assert(
      fc.property(cases, ({ targets, model, options, maskPadding }) => {
        const queries = prepareKnownQueries(targets, seededNoise(1), { ...options, maskPadding }, model);
        const { known, total, groupSize, batch } = queries.layout;
        for (let image = 0; image < batch; image++) {
          const mask = imageMask(queries, image);
          for (let from = 0; from < total; from++) {
            for (const source of reachable(mask, total, from)) {
              const sameGroup = from < known && Math.floor(source / groupSize) === Math.floor(from / groupSize);
              expect(source >= known || sameGroup).toBe(true);
              const isPadding = source < known && queries.valid[image * known + source] === 0;
              expect(maskPadding && isPadding && source !== from).toBe(false);
            }
          }
        }
      }),
    );
  });

  it('leaves every query something to see', () => {
    fc.assert(
      fc.property(cases, ({ targets, model, options, maskPadding }) => {
        const queries = prepareKnownQueries(targets, seededNoise(1), { ...options, maskPadding }, model);
        for (let image = 0; image < targets.length; image++) {
          for (const row of rowsOf(imageMask(queries, image), queries.layout.total)) expect(row).toContain('0');
        }
      }),
    );
  });

  it('hides only the padding of its image, and does not change the shared mask', () => {
    const model = { numClasses, matchingQueries: 1 };
    const queries = prepareKnownQueries([manyObjects(1), manyObjects(2)], seededNoise(1), { groups: 1 }, model);
    expect(rowsOf(imageMask(queries, 0), 3)).toEqual(['010', '010', '110']);
    expect(rowsOf(imageMask(queries, 1), 3)).toEqual(['000', '000', '110']);
    expect(rowsOf(queries.groupMask, 3)).toEqual(['000', '000', '110']);
    expect(queries.keyPadding).toEqual(Uint8Array.of(0, 1, 0, 0, 0, 0));
  });

  it.each([-1, 1, 0.5])('says that there is no image %d in a batch of one', (image) => {
    const queries = prepareKnownQueries([manyObjects(1)], seededNoise(1), {}, { numClasses, matchingQueries: 1 });
    expect(() => imageMask(queries, image)).toThrow(`there is no image ${image} in a batch of 1`);
  });
});
