/** Predictions that are not finite: their description, and the replacement of their costs. */
import type { QueryPredictions } from './predictions.ts';

/** Options for predictions that are not finite. */
export interface NonFiniteOptions {
  /**
   * How to handle a query with a logit or a box coordinate that is NaN or infinite: `throw`, or `replace` all its costs
   * by `replacementCost`, so that it is matched only before costs above 1e6.
   * @defaultValue 'throw'
   */
  readonly nonFinite?: 'throw' | 'replace';
  /** Called once per call if costs were replaced, with their number and first place. @defaultValue console.warn */
  readonly warn?: (message: string) => void;
}

/** The replacement for a cost that is not finite; the costs of boxes inside the image are below 100. */
export const replacementCost = 1e6;

/** Place of a query in a batch; undefined if there is only one layer or image. */
export interface Place {
  readonly layer?: number;
  readonly image?: number;
}

/** Thrown when a query's prediction, or a cost computed from it, is NaN or infinite. */
export class PredictionError extends Error {
  override name = 'PredictionError';
  readonly layer: number | undefined;
  readonly image: number | undefined;

  constructor(
    message: string,
    { layer, image }: Place,
    readonly query: number,
  ) {
    super(message);
    this.layer = layer;
    this.image = image;
  }
}

/** The queries with a logit or a box coordinate that is not finite, ascending. */
export function nonFiniteQueries({ logits, boxes, queries, numLogits }: QueryPredictions): number[] {
  const found: number[] = [];
  for (let q = 0; q < queries; q++) {
    if (!isFiniteRange(logits, q * numLogits, (q + 1) * numLogits) || !isFiniteRange(boxes, 4 * q, 4 * q + 4)) {
      found.push(q);
    }
  }
  return found;
}

function isFiniteRange(values: Float32Array, begin: number, end: number): boolean {
  for (let e = begin; e < end; e++) {
    const value = values[e] as number;
    // Only NaN and the infinities differ from themselves by something other than 0.
    if (value - value !== 0) return false;
  }
  return true;
}

const coordinates = ['cx', 'cy', 'width', 'height'] as const;

/** Describes the first non-finite number, for example `logit 3 is NaN`. */
export function describeNonFinite({ logits, boxes, numLogits }: QueryPredictions, query: number): string {
  const logit = logits
    .subarray(query * numLogits, (query + 1) * numLogits)
    .findIndex((value) => !Number.isFinite(value));
  if (logit >= 0) return `logit ${logit} is ${logits[query * numLogits + logit]}`;
  const coordinate = boxes.subarray(4 * query, 4 * query + 4).findIndex((value) => !Number.isFinite(value));
  return `the box's ${coordinates[coordinate]} is ${boxes[4 * query + coordinate]}`;
}

/** Formats a place, for example `layer 2, image 5, query 17`. */
function placeOf({ layer, image }: Place, query: number): string {
  return [
    ...(layer === undefined ? [] : [`layer ${layer}`]),
    ...(image === undefined ? [] : [`image ${image}`]),
    `query ${query}`,
  ].join(', ');
}

/** Handles the costs that are not finite in one call: throws at the first, or counts them. */
export class Replacements {
  #count = 0;
  #first = '';
  readonly #mode: 'throw' | 'replace';
  readonly #warn: (message: string) => void;

  constructor({ nonFinite = 'throw', warn = console.warn }: NonFiniteOptions) {
    this.#mode = nonFinite;
    this.#warn = warn;
  }

  /** Number of replaced costs. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts replaced costs of a query, or throws.
   *
   * @param problem describes what is wrong, for example `logit 3 is NaN`; only called if the description is needed
   * @throws PredictionError if costs are not to be replaced
   */
  add(costs: number, problem: () => string, place: Place, query: number): void {
    const message = () => `${placeOf(place, query)}: ${problem()}`;
    if (this.#mode === 'throw') {
      const hint = "has the training diverged? With nonFinite: 'replace' the query's costs become 1e6";
      throw new PredictionError(`${message()}; ${hint}`, place, query);
    }
    if (this.#count === 0) this.#first = message();
    this.#count += costs;
  }

  /** Reports what was replaced, if anything. */
  warn(): void {
    if (this.#count === 0) return;
    this.#warn(
      `${this.#count} matching costs are not finite and count as ${replacementCost}; the first: ${this.#first}`,
    );
  }
}
