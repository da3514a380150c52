/**
 * Compares DINO's contrastive known queries with `prepare_for_cdn`, given the draws of the reference, and the content
 * embeddings computed from them.
 */
import { dinoGroups, knownAnchors, prepareKnownQueries } from '@dn-detr/dn';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { countAt, numberAt, objectAt } from '../json.ts';
import { drawsOf, realQueries, requireUsedUp, rowsAt, targetsOf } from './known-queries.ts';
import { cdnQueryTensors } from './query-tensors.ts';

export const cdnPrepareCheck: Check = {
  inputs: [
    'gt_*',
    'draw.*',
    'counts',
    'dn_number',
    'label_noise_ratio',
    'box_noise_scale',
    'num_queries',
    'num_classes',
    'hidden_dim',
    'label_enc',
    'cot_label',
  ],
  cases: ({ cases }) => [...cases.keys()],
  run: runCase,
};

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const targets = targetsOf(fixture, caseName);
  const largest = Math.max(0, ...targets.map(({ labels }) => labels.length));
  const noise = drawsOf(fixture, caseName, ['label_p', 'new_label', 'box_sign', 'box_part']);
  const queries = prepareKnownQueries(
    targets,
    noise,
    {
      kind: 'contrastive',
      groups: dinoGroups(countAt(facts.dn_number, `${where}.dn_number`), largest),
      labelNoise: 0.5 * numberAt(facts.label_noise_ratio, `${where}.label_noise_ratio`),
      boxNoise: numberAt(facts.box_noise_scale, `${where}.box_noise_scale`),
      maskPadding: false,
    },
    {
      numClasses: countAt(facts.num_classes, `${where}.num_classes`),
      matchingQueries: countAt(facts.num_queries, `${where}.num_queries`),
    },
  );
  requireUsedUp(noise, caseName);

  const { layout } = queries;
  const real = realQueries(queries);
  const exactly = (value: number, fact: string): Computed => ({
    values: [value],
    expected: { values: [countAt(facts[fact], `${where}.${fact}`)], exact: true },
  });
  return {
    ...cdnQueryTensors(fixture, caseName, queries),
    noised_labels: { values: rowsAt(queries.labels, real, 1), shape: [real.length] },
    noised_boxes: { values: rowsAt(queries.boxes, real, 4), shape: [real.length, 4] },
    query_bbox: { values: knownAnchors(queries), shape: [layout.batch, layout.known, 4] },
    attn_mask: { values: queries.groupMask, shape: [layout.total, layout.total] },
    pad_size: exactly(layout.known, 'pad_size'),
    single_pad: exactly(layout.slots, 'single_pad'),
    groups: exactly(layout.groups, 'groups'),
  };
}
