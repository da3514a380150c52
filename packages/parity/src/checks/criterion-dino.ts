/** Compares DINO's criterion for decoder and encoder, with contrastive known queries. */
import { type KnownQueries, prepareKnownQueries, seededNoise } from '@dn-detr/dn';
import type { Check } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { arrayAt, countAt, type JsonObject, objectAt } from '../json.ts';
import { criterionInputs, focal, runCriterion } from './criterion.ts';
import { targetsOf } from './known-queries.ts';

export const criterionDinoCheck: Check = {
  inputs: [
    ...criterionInputs,
    ...[
      'dn_number',
      'groups',
      'pad_size',
      'focal_alpha',
      'training',
      'matches',
      'dn_pos',
      'interm',
      'interm_logits',
      'interm_boxes',
    ],
  ],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) => {
    const facts = objectAt(fixture.cases.get(caseName), `cases.${caseName}`);
    if (facts.pad_size === 0)
      return runCriterion(fixture, caseName, (fact, weights) => ({
        ...focal(fact('focal_alpha'), weights),
        known: undefined,
      }));
    const queries = contrastiveQueries(fixture, caseName, facts);
    const { objects, negative, layout, targets: known } = queries;
    const positive = (image: number): number[] =>
      Array.from({ length: layout.known }, (_, k) => k).filter((k) => {
        const at = image * layout.known + k;
        return (objects[at] as number) >= 0 && negative[at] === 0;
      });
    const images = Array.from({ length: layout.batch }, (_, image) => image);
    return {
      ...runCriterion(fixture, caseName, (fact, weights) => ({ ...focal(fact('focal_alpha'), weights), known })),
      // For each image, the slots of positive queries and the objects that they restore.
      dn_pos: {
        values: images.flatMap((image) => {
          const slots = positive(image);
          return [...slots, ...slots.map((k) => objects[image * layout.known + k] as number)];
        }),
        expected: { values: (arrayAt(facts.dn_pos, `cases.${caseName}.dn_pos`) as number[][][]).flat(2), exact: true },
      },
    };
  },
};

/** Known queries in DINO's layout for these targets; their noise does not affect the criterion. */
function contrastiveQueries(fixture: Fixture, caseName: string, facts: JsonObject): KnownQueries {
  const count = (field: string): number => countAt(facts[field], `cases.${caseName}.${field}`);
  return prepareKnownQueries(
    targetsOf(fixture, caseName),
    seededNoise(1),
    { kind: 'contrastive', groups: count('groups'), paddingAsBackground: true },
    { numClasses: count('num_classes'), matchingQueries: count('num_queries') },
  );
}
