/** Compares the criterion over all layers, with matching, with `SetCriterion` of DETR, DN-DETR and DINO. */
import type { DenseTargets } from '@dn-detr/boxes';
import {
  criterion,
  type LossTerm,
  mergeTargets,
  type NamedTensors,
  type PredictionSet,
  targetTensors,
} from '@dn-detr/core';
import {
  boxL1Loss,
  byName,
  errorFigures,
  focalLoss,
  giouLoss,
  type LossTargets,
  lossFigures,
  softmaxLoss,
  type TargetTensors,
} from '@dn-detr/core/loss';
import { type MatchingCost, matchingCosts, matchingTargets, matchLayers } from '@dn-detr/matcher';
import { addN, argMax, type Rank, reshape, scalar, slice, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { loadTensor, take, valueAndNamedGrads, withoutLeak } from '../gradients.ts';
import { countAt, FixtureError, type JsonObject, numberAt, objectAt } from '../json.ts';
import { targetsOf } from './known-queries.ts';
import { isCounted, type LossWeights, lossWeightsOf, ourLossName, weighted } from './loss-weights.ts';

export const criterionInputs = [
  'gt_*',
  'logits',
  'boxes',
  'counts',
  'num_queries',
  'num_classes',
  'layers',
  'matcher',
  'weight_dict',
];

export const criterionDetrCheck: Check = {
  inputs: [...criterionInputs, 'eos_coef'],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) =>
    runCriterion(fixture, caseName, (fact, weights) => ({
      terms: [
        softmaxLoss({ eosCoef: fact('eos_coef'), weight: weights.class }),
        boxL1Loss({ weight: weights.bbox }),
        giouLoss({ epsilon: 0, weight: weights.giou }),
      ],
      cost: matchingCosts.detr,
      known: undefined,
    })),
};

export const criterionDnCheck: Check = {
  inputs: [...criterionInputs, 'known_*', 'map_known_indice', 'bid', 'scalar', 'pad_size', 'focal_alpha', 'training'],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) =>
    runCriterion(fixture, caseName, (fact, weights) => ({
      ...focal(fact('focal_alpha'), weights),
      known: fact('pad_size') === 0 ? undefined : storedTargets(fixture, caseName, fact('pad_size')),
    })),
};

interface Setup {
  readonly terms: readonly LossTerm[];
  readonly cost: MatchingCost;
  /** α of the focal class cost, if it has one. */
  readonly alpha?: number;
  /** Targets of the known queries `[B, K]`; undefined without known queries. */
  readonly known: DenseTargets | undefined;
}

/** The losses and the matching cost of DN-DETR and DINO. */
export function focal(alpha: number, weights: LossWeights): Omit<Setup, 'known'> {
  return {
    terms: [
      focalLoss({ alpha, gamma: 2, weight: weights.class }),
      boxL1Loss({ weight: weights.bbox }),
      giouLoss({ epsilon: 1e-6, weight: weights.giou }),
    ],
    cost: matchingCosts.dnDetr,
    alpha,
  };
}

/** Losses, total and gradients of a case, with the loss weights stored in it. */
export function runCriterion(
  fixture: Fixture,
  caseName: string,
  setupOf: (fact: (field: string) => number, weights: LossWeights) => Setup,
): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const weights = lossWeightsOf(facts.weight_dict, `${where}.weight_dict`);
  const setup = withCosts(
    setupOf((field) => numberAt(facts[field], `${where}.${field}`), weights),
    facts,
    where,
  );
  const numClasses = countAt(facts.num_classes, `${where}.num_classes`);
  return withoutLeak(() => {
    const predictions = storedPredictions(fixture, caseName);
    const sets = setsOf(predictions, setup.known);
    const merged = sets.map((set) => targetsFor(fixture, caseName, set, numClasses, setup));
    const targets = merged.map(targetTensors);
    const run = (tensors: NamedTensors) =>
      setsOf(tensors, setup.known).map((set, i) => criterion(set, targets[i] as TargetTensors, setup.terms));
    const { value, grads } = valueAndNamedGrads(
      (tensors) => addN(run(tensors).map(({ total }) => total)),
      predictions,
      scalar(1),
    );
    const counts = tensorOf(fixture, caseName, 'gt_counts').data;
    const figures = run(predictions).flatMap(({ sums }, i) => {
      const [{ logits }, of] = [sets[i] as PredictionSet, merged[i] as LossTargets];
      return [
        ...lossFigures(sums.dataSync(), setup.terms, of),
        ...errorFigures(argMax(logits, 3).dataSync(), of, counts, logits.shape[3] - 1),
      ];
    });
    const known = sets[0]?.known ?? 0;
    return {
      losses: namedValues(byName(figures), objectAt(facts.losses, `${where}.losses`), known, `${where}.losses`),
      total: { values: value.dataSync(), expected: { values: [numberAt(facts.total, `${where}.total`)] } },
      ...Object.fromEntries(Object.entries(grads).map(([name, gradient]) => [`grad_${name}`, take(gradient)])),
    };
  });
}

/** `logits` and `boxes` of the decoder and, if stored, of the encoder, which DINO calls `interm`. */
function storedPredictions(fixture: Fixture, caseName: string): NamedTensors {
  const names = ['logits', 'boxes', 'interm_logits', 'interm_boxes'];
  const stored = names.filter((name) => !name.startsWith('interm') || fixture.tensors.has(storedName(caseName, name)));
  return Object.fromEntries(stored.map((name) => [name, loadTensor(fixture, caseName, name)]));
}

function setsOf(
  { logits, boxes, interm_logits, interm_boxes }: NamedTensors,
  known: DenseTargets | undefined,
): PredictionSet[] {
  const decoder = { logits: logits as Tensor4D, boxes: boxes as Tensor4D };
  const count = (known?.classes.length ?? 0) / (decoder.logits.shape[1] as number);
  const sets: PredictionSet[] = [{ name: 'decoder', ...decoder, known: count }];
  if (interm_logits === undefined || interm_boxes === undefined) return sets;
  const oneLayer = (x: Tensor) => reshape<Rank.R4>(x, [1, ...x.shape] as [number, number, number, number]);
  return [...sets, { name: 'encoder', logits: oneLayer(interm_logits), boxes: oneLayer(interm_boxes), known: 0 }];
}

/** Replaces the weights of the matching cost with those of the case. */
function withCosts(setup: Setup, facts: JsonObject, where: string): Setup {
  const costs = objectAt(facts.matcher, `${where}.matcher`);
  const cost = (name: string): number => numberAt(costs[name], `${where}.matcher.${name}`);
  return {
    ...setup,
    cost: weighted(
      setup.cost,
      { class: cost('cost_class'), l1: cost('cost_bbox'), giou: cost('cost_giou') },
      setup.alpha,
    ),
  };
}

/** Matches the queries after the known ones, layer by layer, and puts the targets of the known ones before them. */
function targetsFor(
  fixture: Fixture,
  caseName: string,
  { name: set, logits, boxes, known }: PredictionSet,
  numClasses: number,
  { terms, cost, known: knownTargets }: Setup,
): LossTargets {
  const [layers, batch, total, numLogits] = logits.shape;
  const matchingPart = (x: Tensor4D): Float32Array =>
    slice(x, [0, 0, known, 0], [-1, -1, total - known, -1]).dataSync<'float32'>();
  const objects = targetsOf(fixture, caseName);
  const predictions = { logits: matchingPart(logits), boxes: matchingPart(boxes) };
  const sizes = { layers, batch, queries: total - known, numLogits, numClasses };
  const matches = matchLayers({ ...predictions, ...sizes }, objects, cost);
  const matching = matchingTargets(matches, objects, numClasses);
  const parts = known > 0 && knownTargets ? { matching, known: knownTargets } : { matching };
  return mergeTargets(parts, { set, layers, batch, terms });
}

/** Targets of the known queries: each of the N noised queries restores its object; the other slots are padding. */
function storedTargets(fixture: Fixture, caseName: string, known: number): DenseTargets {
  const stored = (key: string) => tensorOf(fixture, caseName, key).data;
  const [labels, clean, slots, images] = ['known_labels', 'known_bboxs', 'map_known_indice', 'bid'].map(stored);
  if (!labels || !clean || !slots || !images) throw new FixtureError(`${caseName}: the known queries are incomplete`);
  const count = known * tensorOf(fixture, caseName, 'gt_counts').data.length;
  const targets = {
    classes: new Int32Array(count),
    boxes: new Float32Array(4 * count),
    classWeights: new Float32Array(count),
    boxWeights: new Float32Array(count),
    normalizer: labels.length,
  };
  labels.forEach((label, n) => {
    const at = (images[n] as number) * known + (slots[n] as number);
    targets.classes[at] = label;
    targets.boxes.set(clean.subarray(4 * n, 4 * n + 4), 4 * at);
    targets.classWeights[at] = 1;
    targets.boxWeights[at] = 1;
  });
  return targets;
}

/** Our values for the stored names, in their order. */
function namedValues(ours: Record<string, number>, stored: JsonObject, known: number, where: string): Computed {
  const names = Object.keys(stored).filter(isCounted);
  return {
    values: names.map((name) => {
      const value = ours[ourLossName(name)];
      if (value !== undefined) return value;
      // Without known queries the reference still lists their losses, as zeros; ours leaves them out.
      if (known === 0 && ourLossName(name).startsWith('tgt_')) return 0;
      throw new FixtureError(`${where}.${name}: there is no such loss, only ${Object.keys(ours).join(', ')}`);
    }),
    expected: { values: names.map((name) => numberAt(stored[name], `${where}.${name}`)) },
  };
}
