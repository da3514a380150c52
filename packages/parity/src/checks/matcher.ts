/** Compares matching costs and matched pairs with `models/matcher.py` of the references. */
import { type LayerPredictions, type MatchingCost, matchingCost, matchingCosts, matchLayers } from '@dn-detr/matcher';
import type { Check, Computed } from '../check.ts';
import { type Fixture, tensorOf } from '../fixture.ts';
import { countAt, FixtureError, numberAt, objectAt, stringAt } from '../json.ts';
import { targetsOf } from './known-queries.ts';
import { weighted } from './loss-weights.ts';

export const matcherCheck: Check = {
  inputs: [
    ...['gt_labels', 'gt_boxes', 'gt_counts', 'pred_logits', 'pred_boxes'],
    ...['variant', 'num_queries', 'num_classes', 'counts', 'cost_*', 'focal_alpha', 'optimum_gap'],
  ],
  cases: ({ cases }) => [...cases.keys()],
  run: runCase,
};

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const predictions = readPredictions(fixture, caseName);
  const { logits, boxes, queries, numLogits, numClasses } = predictions;
  const objects = targetsOf(fixture, caseName);
  const cost = readCost(fixture, caseName);
  const matches = matchLayers(predictions, objects, cost);
  const outputs: Record<string, Computed> = {};
  objects.forEach((ofImage, image) => {
    const ofQueries = {
      logits: logits.subarray(image * queries * numLogits, (image + 1) * queries * numLogits),
      boxes: boxes.subarray(image * queries * 4, (image + 1) * queries * 4),
      ...{ queries, numLogits, numClasses },
    };
    const matched = [...matches.objects.subarray(image * queries, (image + 1) * queries)];
    const source = matched.flatMap((object, query) => (object < 0 ? [] : [query]));
    outputs[`img${image}.cost`] = {
      values: matchingCost(ofQueries, ofImage, cost).cost,
      shape: [queries, ofImage.labels.length],
    };
    outputs[`img${image}.src`] = { values: source };
    outputs[`img${image}.tgt`] = { values: source.map((query) => matched[query] as number) };
  });
  return outputs;
}

function readPredictions(fixture: Fixture, caseName: string): LayerPredictions {
  const { data: logits, shape } = tensorOf(fixture, caseName, 'pred_logits');
  const { data: boxes } = tensorOf(fixture, caseName, 'pred_boxes');
  const [batch = 0, queries = 0, numLogits = 0] = shape;
  const where = `cases.${caseName}`;
  const numClasses = countAt(objectAt(fixture.cases.get(caseName), where).num_classes, `${where}.num_classes`);
  const arrays = { logits: floats(logits, caseName), boxes: floats(boxes, caseName) };
  return { ...arrays, layers: 1, batch, queries, numLogits, numClasses };
}

function readCost(fixture: Fixture, caseName: string): MatchingCost {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const weights = {
    class: numberAt(facts.cost_class, `${where}.cost_class`),
    l1: numberAt(facts.cost_bbox, `${where}.cost_bbox`),
    giou: numberAt(facts.cost_giou, `${where}.cost_giou`),
  };
  const variant = stringAt(facts.variant, `${where}.variant`);
  if (variant === 'detr') return weighted(matchingCosts.detr, weights);
  if (variant !== 'dn') throw new FixtureError(`${where}.variant: expected detr or dn, found ${variant}`);
  return weighted(matchingCosts.dnDetr, weights, numberAt(facts.focal_alpha, `${where}.focal_alpha`));
}

function floats(data: unknown, caseName: string): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new FixtureError(`${caseName}: expected predictions and boxes in float32`);
}
