/** Times the preparation of known queries at the size of a training step on COCO. */
import type { Objects } from '@dn-detr/boxes';
import { prepareKnownQueries, seededNoise } from '@dn-detr/dn';
import { median } from 'd3-array';

export interface DnBench {
  /** Median of one call, with masks and loss targets. */
  ms: number;
  /** K, the known queries per image. */
  known: number;
  /** T, all queries per image. */
  total: number;
}

const images = 16;
const objects = 20;
const model = { numClasses: 91, matchingQueries: 300 };

const warmUp = 200;
const rounds = 500;

/** Runs the benchmark; every call gets new targets. */
export function benchDn(): DnBench {
  const times: number[] = [];
  let layout = { known: 0, total: 0 };
  for (let round = 0; round < warmUp + rounds; round++) {
    const targets = randomTargets(round);
    const started = performance.now();
    ({ layout } = prepareKnownQueries(targets, seededNoise(`bench ${round}`), { groups: 5 }, model));
    if (round >= warmUp) times.push(performance.now() - started);
  }
  const ms = median(times) as number;
  return { ms, known: layout.known, total: layout.total };
}

function randomTargets(seed: number): Objects[] {
  const random = seededNoise(`targets ${seed}`);
  return Array.from({ length: images }, () => {
    const labels = new Int32Array(objects);
    random.integers(labels, model.numClasses);
    const boxes = new Float32Array(4 * objects);
    random.uniform(boxes);
    // Centres in 0.25..0.75 and sides in 0.01..0.5 keep every corner inside the image.
    return { labels, boxes: boxes.map((u, i) => (i % 4 < 2 ? 0.25 + 0.5 * u : 0.01 + 0.49 * u)) };
  });
}
