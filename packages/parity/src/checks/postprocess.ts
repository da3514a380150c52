/** Compares detections from raw outputs with `PostProcess` of DETR and DN-DETR. */
import { focalDetections, softmaxDetections } from '@dn-detr/core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, tensorOf } from '../fixture.ts';
import { countAt, objectAt } from '../json.ts';

export const postprocessCheck: Check = {
  inputs: ['pred_*', 'target_sizes', 'num_queries', 'num_classes', 'num_select'],
  cases: ({ cases }) => [...cases.keys()],
  run: runCase,
};

/** A case that gives the number of detections to select has sigmoid scores. */
function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const floats = (key: string): Float32Array => Float32Array.from(tensorOf(fixture, caseName, key).data);
  const predictions = { logits: floats('pred_logits'), boxes: floats('pred_boxes') };
  const sizes = tensorOf(fixture, caseName, 'target_sizes').data;
  const images = Array.from({ length: sizes.length / 2 }, (_, image) => ({
    height: sizes[2 * image] as number,
    width: sizes[2 * image + 1] as number,
  }));
  const detections =
    facts.num_select === undefined
      ? softmaxDetections(predictions, images)
      : focalDetections(predictions, images, countAt(facts.num_select, `${where}.num_select`));
  const count = detections[0]?.scores.length ?? 0;
  const joined = (key: 'scores' | 'labels' | 'boxes') => detections.flatMap((found) => Array.from(found[key]));
  return {
    scores: { values: joined('scores'), shape: [images.length, count] },
    labels: { values: joined('labels'), shape: [images.length, count] },
    boxes: { values: joined('boxes'), shape: [images.length, count, 4] },
  };
}
