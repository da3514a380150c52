/** The class term of the matching cost, for every query and class of one image. */
import { exponentialOfNegative } from './exponential.ts';

/** DETR: minus the softmax probability of the object's class. The last of the C logits is "no object". */
export interface SoftmaxClassCost {
  readonly kind: 'softmax';
}

/**
 * Deformable DETR and those after it, DN-DETR among them: what the focal loss would gain by calling the query an object
 * of that class, `alpha (1 - p)^gamma (-log p) - (1 - alpha) p^gamma (-log(1 - p))` with p the sigmoid of its logit.
 * All C logits are classes.
 */
export interface FocalClassCost {
  readonly kind: 'focal';
  readonly alpha: number;
  readonly gamma: number;
}

export type ClassCost = SoftmaxClassCost | FocalClassCost;

/** @throws RangeError if there is no such class cost, or alpha or gamma is not finite or gamma negative */
export function checkClassCost(classCost: ClassCost): void {
  if (classCost.kind === 'softmax') return;
  if (classCost.kind !== 'focal') {
    throw new RangeError(`expected a class cost of kind 'softmax' or 'focal', got '${(classCost as ClassCost).kind}'`);
  }
  const { alpha, gamma } = classCost;
  if (!Number.isFinite(alpha)) throw new RangeError(`expected a finite alpha of the class cost, got ${alpha}`);
  if (!(Number.isFinite(gamma) && gamma >= 0)) {
    throw new RangeError(`expected a gamma of the class cost of 0 or more, got ${gamma}`);
  }
}

/** How many of the C logits of a query are classes that an object may have. */
export const objectClasses = ({ kind }: ClassCost, classes: number): number => classes - (kind === 'softmax' ? 1 : 0);

/**
 * Class costs `[D, Q]` times `weight`, into `out`.
 *
 * @param logits `[Q, C]`
 * @param labels `[D]`: the classes that occur, each once
 */
export function writeClassCosts(
  { logits, queries, classes }: { logits: Float32Array; queries: number; classes: number },
  labels: readonly number[],
  classCost: ClassCost,
  weight: number,
  out: Float64Array,
): void {
  if (classCost.kind === 'softmax') {
    writeSoftmaxCosts(logits, queries, classes, labels, weight, out);
    return;
  }
  const table = focalTable(classCost);
  for (let q = 0; q < queries; q++) {
    for (let d = 0; d < labels.length; d++) {
      out[d * queries + q] = weight * focalAt(table, logits[q * classes + (labels[d] as number)] as number);
    }
  }
}

function writeSoftmaxCosts(
  logits: Float32Array,
  queries: number,
  classes: number,
  labels: readonly number[],
  weight: number,
  out: Float64Array,
): void {
  for (let q = 0; q < queries; q++) {
    const first = q * classes;
    let largest = logits[first] as number;
    for (let c = 1; c < classes; c++) {
      const logit = logits[first + c] as number;
      if (logit > largest) largest = logit;
    }
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += exponentialOfNegative((logits[first + c] as number) - largest);
    const scale = -weight / sum;
    for (let d = 0; d < labels.length; d++) {
      const logit = logits[first + (labels[d] as number)] as number;
      out[d * queries + q] = scale * exponentialOfNegative(logit - largest);
    }
  }
}

/**
 * The focal cost of one logit; a table of it serves every logit in -range..range, because an image needs thousands and
 * a single one takes three transcendental functions.
 */
interface FocalTable extends FocalClassCost {
  /** at -range, in steps of 1 / stepsPerUnit */
  readonly values: Float64Array;
}

const range = 32;
const stepsPerUnit = 32;

/** What DN-DETR adds to probabilities before it takes their logarithm. */
const logEpsilon = 1e-8;

function exactFocalCost(logit: number, { alpha, gamma }: FocalClassCost): number {
  const p = 1 / (1 + Math.exp(-logit));
  // 1 - p would lose its digits where p is nearly 1.
  const rest = 1 / (1 + Math.exp(logit));
  const positive = alpha * rest ** gamma * -Math.log(p + logEpsilon);
  const negative = (1 - alpha) * p ** gamma * -Math.log(rest + logEpsilon);
  return positive - negative;
}

let cachedTable: FocalTable | undefined;

function focalTable(cost: FocalClassCost): FocalTable {
  const { kind, alpha, gamma } = cost;
  if (cachedTable?.alpha === alpha && cachedTable.gamma === gamma) return cachedTable;
  const values = Float64Array.from({ length: 2 * range * stepsPerUnit + 1 }, (_, n) =>
    exactFocalCost(n / stepsPerUnit - range, cost),
  );
  cachedTable = { kind, alpha, gamma, values };
  return cachedTable;
}

const third = 1 / 3;
const sixth = 1 / 6;

/** The cubic through the four table entries around the logit: exact to 1e-7. */
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
