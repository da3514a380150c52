/** The cost matrices of `bench matcher`: random ones, DETR-like ones, and those in a folder. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Objects } from '@dn-detr/boxes';
import { type LayerPredictions, matchingCost, matchingCosts } from '@dn-detr/matcher';
import { UserError } from '@dn-detr/train';
import { hashedUniform } from './reference-parameters.ts';

export interface CostMatrix {
  readonly kind: 'random' | 'detr' | 'file';
  /** Name of the file, for `kind: 'file'`. */
  readonly name?: string;
  /** Number of queries. */
  readonly rows: number;
  /** Number of objects. */
  readonly cols: number;
  /** Costs `[rows, cols]`. */
  readonly cost: Float64Array;
}

const sizes = [
  [100, 10],
  [300, 20],
  [300, 100],
  [900, 60],
  [300, 300],
  [1000, 1000],
] as const;

/** A random and a DETR-like matrix of every size. */
export function benchMatrices(): CostMatrix[] {
  return sizes.flatMap(([rows, cols], index): CostMatrix[] => [
    { kind: 'random', rows, cols, cost: Float64Array.from(hashedUniform(rows * cols, index)) },
    { kind: 'detr', rows, cols, cost: detrCosts(rows, cols, index) },
  ]);
}

function detrCosts(queries: number, objects: number, seed: number): Float64Array {
  const { predictions, targets } = detrLike({ layers: 1, batch: 1, queries, numClasses: 91, objects }, seed);
  const out = new Float64Array(queries * objects);
  matchingCost(predictions, targets[0] as Objects, matchingCosts.dnDetr, { out });
  return out;
}

export type BatchSizes = Pick<LayerPredictions, 'layers' | 'batch' | 'queries' | 'numClasses'> & {
  /** Number of objects per image. */
  readonly objects: number;
};

/**
 * Predictions like those of a half-trained model: two queries in three are near some object, in box and class, and
 * several near one object compete for it; the rest are spread over the image.
 */
export function detrLike(
  { layers, batch, queries, numClasses, objects }: BatchSizes,
  seed: number,
): { predictions: LayerPredictions; targets: Objects[] } {
  const uniform = uniformStream(seed);
  const box = () => [uniform(), uniform(), 0.03 + 0.4 * uniform(), 0.03 + 0.4 * uniform()];
  const boxInside = () => {
    const [x, y, width, height] = box() as [number, number, number, number];
    return [width / 2 + x * (1 - width), height / 2 + y * (1 - height), width, height];
  };
  const targets = Array.from({ length: batch }, () => ({
    labels: Int32Array.from({ length: objects }, () => Math.floor(numClasses * uniform())),
    boxes: Float32Array.from(Array.from({ length: objects }, boxInside).flat()),
  }));
  const logits = new Float32Array(layers * batch * queries * numClasses);
  const boxes = new Float32Array(layers * batch * queries * 4);
  for (let at = 0; at < layers * batch * queries; at++) {
    const target = targets[Math.floor(at / queries) % batch] as (typeof targets)[number];
    for (let c = 0; c < numClasses; c++) logits[at * numClasses + c] = -4.6 + 3 * (uniform() + uniform() - 1);
    boxes.set(box(), 4 * at);
    if (uniform() < 1 / 3) continue;
    const object = Math.floor(objects * uniform());
    const label = at * numClasses + (target.labels[object] as number);
    logits[label] = (logits[label] as number) + 3;
    for (let k = 0; k < 4; k++) {
      boxes[4 * at + k] = (target.boxes[4 * object + k] as number) * (1 + 0.3 * (uniform() - 0.5));
    }
  }
  return { predictions: { logits, boxes, layers, batch, queries, numLogits: numClasses, numClasses }, targets };
}

/** Numbers in 0..1, drawn in blocks. */
function uniformStream(seed: number): () => number {
  const size = 4096;
  let block = hashedUniform(size, seed);
  let next = 0;
  return () => {
    if (next % size === 0) block = hashedUniform(size, seed + 1000 * (next / size + 1));
    return ((block[next++ % size] as number) + 1) / 2;
  };
}

/**
 * Reads the matrices in a folder: every `*.json` is `{rows, cols, cost: [...]}`, row by row.
 *
 * @throws UserError if the folder cannot be read or has no matrices, or a file is not a matrix
 */
export function readMatrices(folder: string): CostMatrix[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    throw new UserError(`the folder of matrices cannot be read: ${(error as Error).message}`);
  }
  if (names.length === 0)
    throw new UserError(`${folder} contains no matrices: expected *.json {rows, cols, cost: [...]}`);
  return names.sort().map((name) => {
    const { rows, cols, cost } = parseMatrix(path.join(folder, name));
    return { kind: 'file', name, rows, cols, cost };
  });
}

function parseMatrix(file: string): { rows: number; cols: number; cost: Float64Array } {
  const wrong = (problem: string) => new UserError(`${file}: ${problem}; expected {rows, cols, cost: [...]}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const { rows, cols, cost } = (parsed ?? {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(rows) || !Number.isSafeInteger(cols)) throw wrong('rows and cols are not whole numbers');
  if (!Array.isArray(cost) || cost.length !== (rows as number) * (cols as number)) {
    throw wrong(`cost is not a list of ${rows} x ${cols} numbers`);
  }
  if (cost.some((value) => typeof value !== 'number')) throw wrong('cost contains something that is not a number');
  return { rows: rows as number, cols: cols as number, cost: Float64Array.from(cost) };
}
