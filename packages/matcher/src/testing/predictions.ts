/** Random predictions and objects for tests; the same seed gives the same numbers. */
import type { Objects } from '@dn-detr/boxes';
import type { LayerPredictions, QueryPredictions } from '../predictions.ts';

/** Mulberry32 (https://gist.github.com/tommyettinger/46a874533244883189143505d203312c): numbers in 0..1. */
export function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Boxes cxcywh `[N, 4]`, some of which extend outside the image. */
const randomBoxes = (random: () => number, count: number): Float32Array =>
  Float32Array.from({ length: 4 * count }, (_, i) => (i % 4 < 2 ? random() : 0.02 + 0.5 * random()));

/** Boxes cxcywh `[N, 4]` inside the image. */
function boxesInside(random: () => number, count: number): Float32Array {
  const boxes = randomBoxes(random, count);
  for (let i = 0; i < boxes.length; i += 4) {
    for (const axis of [i, i + 1]) {
      const extent = boxes[axis + 2] as number;
      boxes[axis] = extent / 2 + (boxes[axis] as number) * (1 - extent);
    }
  }
  return boxes;
}

/** Random predictions of a model whose last logit means "no object". */
export function randomPredictions(seed: number, queries: number, numLogits: number): QueryPredictions {
  const random = uniform(seed);
  return {
    logits: Float32Array.from({ length: queries * numLogits }, () => 12 * random() - 8),
    boxes: randomBoxes(random, queries),
    ...{ queries, numLogits, numClasses: numLogits - 1 },
  };
}

export function randomObjects(seed: number, count: number, numClasses: number): Objects {
  const random = uniform(seed);
  return {
    labels: Int32Array.from({ length: count }, () => Math.floor(random() * numClasses)),
    boxes: boxesInside(random, count),
  };
}

export function randomLayers(
  seed: number,
  sizes: Pick<LayerPredictions, 'layers' | 'batch' | 'queries' | 'numLogits'>,
): LayerPredictions {
  const { layers, batch, queries, numLogits } = sizes;
  return { ...randomPredictions(seed, layers * batch * queries, numLogits), ...sizes };
}
