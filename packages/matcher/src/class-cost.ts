/** The class term of the matching cost, for every query and class of one image. */
import { exponentialOfNegative } from './exponential.ts';
import type { QueryPredictions } from './predictions.ts';

/**
 * The class term of DETR: minus the probability of the object's class, by the softmax over all logits including "no
 * object".
 */
export interface SoftmaxClassCost {
  readonly kind: 'softmax';
  readonly weight: number;
}

/**
 * The class term of Deformable DETR and its successors, including DN-DETR: the focal loss with the object's class as
 * the target minus the focal loss with "no object" as the target, `alpha (1 - p)^gamma (-log p) - (1 - alpha) p^gamma
 * (-log(1 - p))` with p the sigmoid of the class's logit.
 */
export interface FocalClassCost {
  readonly kind: 'focal';
  readonly alpha: number;
  /** Exponent; at least 0. */
  readonly gamma: number;
  readonly weight: number;
}

/** A term of the matching cost that compares classes. */
export type ClassCost = SoftmaxClassCost | FocalClassCost;

/**
 * Writes the weighted class costs `[D, Q]` into `out`.
 *
 * @param labels `[D]`: the classes that occur, each once
 */
export function writeClassCosts(
  { logits, queries, numLogits }: Pick<QueryPredictions, 'logits' | 'queries' | 'numLogits'>,
  labels: readonly number[],
  cost: ClassCost,
  out: Float64Array,
): void {
  if (cost.kind === 'softmax') {
    writeSoftmaxCosts(logits, queries, numLogits, labels, cost.weight, out);
    return;
  }
  const { weight } = cost;
  const table = focalTable(cost);
  for (let q = 0; q < queries; q++) {
    for (let d = 0; d < labels.length; d++) {
      out[d * queries + q] = weight * focalAt(table, logits[q * numLogits + (labels[d] as number)] as number);
    }
  }
}

function writeSoftmaxCosts(
  logits: Float32Array,
  queries: number,
  numLogits: number,
  labels: readonly number[],
  weight: number,
  out: Float64Array,
): void {
  for (let q = 0; q < queries; q++) {
    const first = q * numLogits;
    let largest = logits[first] as number;
    for (let c = 1; c < numLogits; c++) {
      const logit = logits[first + c] as number;
      if (logit > largest) largest = logit;
    }
    let sum = 0;
    for (let c = 0; c < numLogits; c++) sum += exponentialOfNegative((logits[first + c] as number) - largest);
    const scale = -weight / sum;
    for (let d = 0; d < labels.length; d++) {
      const logit = logits[first + (labels[d] as number)] as number;
      out[d * queries + q] = scale * exponentialOfNegative(logit - largest);
    }
  }
}

type FocalShape = Pick<FocalClassCost, 'alpha' | 'gamma'>;

/**
 * The focal cost of one logit, tabulated for logits in -range..range, because an image needs thousands and each takes
 * three transcendental functions.
 */
interface FocalTable extends FocalShape {
  /** Values from -range on, in steps of 1 / stepsPerUnit. */
  readonly values: Float64Array;
}

const range = 32;
const stepsPerUnit = 32;

/** The value that DN-DETR adds to probabilities before taking their logarithm. */
const logEpsilon = 1e-8;

function exactFocalCost(logit: number, { alpha, gamma }: FocalShape): number {
  const p = 1 / (1 + Math.exp(-logit));
  // 1 - p would lose its digits if p is nearly 1.
  const rest = 1 / (1 + Math.exp(logit));
  const positive = alpha * rest ** gamma * -Math.log(p + logEpsilon);
  const negative = (1 - alpha) * p ** gamma * -Math.log(rest + logEpsilon);
  return positive - negative;
}

let cachedTable: FocalTable | undefined;

function focalTable({ alpha, gamma }: FocalShape): FocalTable {
  if (cachedTable?.alpha === alpha && cachedTable.gamma === gamma) return cachedTable;
  const values = Float64Array.from({ length: 2 * range * stepsPerUnit + 1 }, (_, n) =>
    exactFocalCost(n / stepsPerUnit - range, { alpha, gamma }),
  );
  cachedTable = { alpha, gamma, values };
  return cachedTable;
}

const third = 1 / 3;
const sixth = 1 / 6;

/** Interpolates with the cubic through the four table entries around the logit; accurate to 1e-7. */
function focalAt(table: FocalTable, logit: number): number {
  const { values } = table;
  const at = (logit + range) * stepsPerUnit;
  if (!(at >= 1 && at < values.length - 2)) return exactFocalCost(logit, table);
  const n = at | 0;
  const t = at - n;
  const a = values[n - 1] as number;
  const b = values[n] as number;
  const c = values[n + 1] as number;
  const d = values[n + 2] as number;
  const linear = c - third * a - 0.5 * b - sixth * d;
  const square = 0.5 * (a + c) - b;
  const cube = sixth * (d - a) + 0.5 * (b - c);
  return b + t * (linear + t * (square + t * cube));
}
