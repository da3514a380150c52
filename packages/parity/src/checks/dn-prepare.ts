/**
 * Compares DN-DETR's known queries with `prepare_for_dn`, given the draws of the reference, and the content embeddings
 * and anchors computed from them.
 */
import { inverseSigmoid } from '@dn-detr/boxes';
import { prepareKnownQueries } from '@dn-detr/dn';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { countAt, type JsonObject, numberAt, objectAt } from '../json.ts';
import { drawsOf, realQueries, requireUsedUp, rowsAt, targetsOf } from './known-queries.ts';
import { dnQueryTensors } from './query-tensors.ts';

export const dnPrepareCheck: Check = {
  inputs: [
    'gt_*',
    'draw.*',
    'refpoint',
    'counts',
    'batch',
    'training',
    'scalar',
    '*_noise_scale',
    'num_patterns',
    'num_queries',
    'num_classes',
    'hidden_dim',
    'label_enc',
    'cot_*',
  ],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) => {
    const facts = objectAt(fixture.cases.get(caseName), `cases.${caseName}`);
    return facts.training === false
      ? dnQueryTensors(fixture, caseName, undefined, countAt(facts.batch, 'batch'), patterns(facts, caseName))
      : runTraining(fixture, caseName, facts);
  },
};

function runTraining(fixture: Fixture, caseName: string, facts: JsonObject): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const targets = targetsOf(fixture, caseName);
  const noise = drawsOf(fixture, caseName, ['label_p', 'new_label', 'box_rand']);
  const boxNoise = numberAt(facts.box_noise_scale, `${where}.box_noise_scale`);
  const queries = prepareKnownQueries(
    targets,
    noise,
    {
      groups: countAt(facts.scalar, `${where}.scalar`),
      labelNoise: numberAt(facts.label_noise_scale, `${where}.label_noise_scale`),
      centerNoise: boxNoise,
      sizeNoise: boxNoise,
      maskPadding: false,
    },
    {
      numClasses: countAt(facts.num_classes, `${where}.num_classes`),
      matchingQueries: countAt(facts.num_queries, `${where}.num_queries`) * patterns(facts, where),
    },
  );
  requireUsedUp(noise, caseName);

  const { layout, objects } = queries;
  const real = realQueries(queries);
  const boxes = Float32Array.from(rowsAt(queries.boxes, real, 4));
  const imageOf = (place: number) => Math.floor(place / layout.known);
  const firstOf = targets.map((_, image) =>
    targets.slice(0, image).reduce((sum, { labels }) => sum + labels.length, 0),
  );
  const exactly = (value: number, fact: string): Computed => ({
    values: [value],
    expected: { values: [countAt(facts[fact], `${where}.${fact}`)], exact: true },
  });
  return {
    ...dnQueryTensors(fixture, caseName, queries, layout.batch, patterns(facts, where)),
    noised_labels: { values: rowsAt(queries.labels, real, 1), shape: [real.length] },
    noised_boxes: { values: boxes, shape: [real.length, 4] },
    noised_boxes_unsig: { values: inverseSigmoid(boxes), shape: [real.length, 4] },
    known_labels: { values: rowsAt(queries.targets.classes, real, 1), shape: [real.length] },
    known_bboxs: { values: rowsAt(queries.targets.boxes, real, 4), shape: [real.length, 4] },
    known_indice: { values: Array.from(real, (at) => (firstOf[imageOf(at)] ?? 0) + (objects[at] ?? 0)) },
    // Stored once per object, so the first group is enough.
    batch_idx: { values: Array.from(real.subarray(0, queries.usage.objects), imageOf) },
    map_known_indice: { values: Array.from(real, (at) => at % layout.known) },
    attn_mask: { values: queries.groupMask, shape: [layout.total, layout.total] },
    pad_size: exactly(layout.known, 'pad_size'),
    single_pad: exactly(layout.slots, 'single_pad'),
  };
}

/** The number of times that the matching queries are repeated; 0 means once. */
function patterns(facts: JsonObject, where: string): number {
  return Math.max(1, countAt(facts.num_patterns, `${where}.num_patterns`));
}
