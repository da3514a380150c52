/** A small decoder of plain numbers, exact enough to show by a single bit whether one query sees another. */
import type { KnownQueries } from '../queries.ts';
import { seededNoise } from '../random.ts';

export const width = 6;

/** Inputs for an image's queries, `[T, width]`: label, indicator and box. Padding is 0, as in a model. */
export function features({ layout, labels, boxes, valid, numClasses }: KnownQueries, image: number): Float64Array {
  const fed = new Float64Array(layout.total * width);
  for (let query = 0; query < layout.total; query++) {
    const at = image * layout.known + query;
    const row = fed.subarray(query * width, (query + 1) * width);
    if (query >= layout.known) {
      const rank = query - layout.known;
      row.set([numClasses / 10, 0, ...[1, 2, 3, 4].map((i) => Math.sin(i * (rank + 1)))]);
    } else if (valid[at] === 1) {
      row.set([(labels[at] as number) / 10, 1, ...boxes.subarray(4 * at, 4 * at + 4)]);
    }
  }
  return fed;
}

/**
 * Layers of softmax attention with fixed weights, each added to its input `[T, width]` and squashed.
 *
 * @param mask `[T, T]`, 1 = blocked
 */
export function decode(fed: Float64Array, mask: Uint8Array, layers = 3): Float64Array {
  const total = fed.length / width;
  let x = fed;
  for (let layer = 0; layer < layers; layer++) {
    const [q, k, v] = ['q', 'k', 'v'].map((name) => project(x, `${name}${layer}`)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const next = new Float64Array(x.length);
    for (let i = 0; i < total; i++) {
      const scores = Array.from({ length: total }, (_, j) =>
        mask[i * total + j] === 1 ? Number.NEGATIVE_INFINITY : dot(q, i, k, j) / Math.sqrt(width),
      );
      const highest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - highest));
      const sum = weights.reduce((a, b) => a + b, 0);
      for (let c = 0; c < width; c++) {
        const mean = weights.reduce((mixed, weight, j) => mixed + weight * (v[j * width + c] as number), 0) / sum;
        next[i * width + c] = Math.tanh((x[i * width + c] as number) + mean);
      }
    }
    x = next;
  }
  return x;
}

function project(x: Float64Array, seed: string): Float64Array {
  const weights = new Float32Array(width * width);
  seededNoise(seed).uniform(weights);
  return x.map((_, at) => {
    const row = at - (at % width);
    let sum = 0;
    for (let c = 0; c < width; c++)
      sum += (x[row + c] as number) * (2 * (weights[(at % width) * width + c] as number) - 1);
    return sum;
  });
}

function dot(a: Float64Array, i: number, b: Float64Array, j: number): number {
  let sum = 0;
  for (let c = 0; c < width; c++) sum += (a[i * width + c] as number) * (b[j * width + c] as number);
  return sum;
}
