/** The attention in an image as JSON, for `inspect attention --json`. */
import { type CellAttention, type ImageAttention, meanOverHeads } from './attention.ts';
import { type Sampling, weightShares } from './sampling.ts';

/**
 * Describes the attention in an image. Boxes are x, y, width, height and points are x, y, in pixels of the upright image;
 * layers, heads, levels, points and queries are counted from 0.
 */
export function describedAttention(found: ImageAttention, category: string): object {
  const { image, query, score, known, heads, cross, layers, groups } = found;
  const at = known + query;
  return {
    width: image.width,
    height: image.height,
    query,
    category,
    score: Number(score.toFixed(6)),
    ...(cross.kind === 'cells'
      ? { featureMap: { rows: cross.grid.rows, columns: cross.grid.columns } }
      : { levels: cross.strides.map((stride) => ({ stride })) }),
    layers: layers.map(({ self, boxes, anchors }, l) => {
      const other = strongest(meanOverHeads(self, heads));
      return {
        ...(cross.kind === 'cells' ? cellOf(cross, l, heads) : samplesOf(cross, l, found)),
        ...(anchors && { anchor: boxOf(anchors.subarray(4 * at, 4 * at + 4), image) }),
        bbox: boxOf(boxes.subarray(4 * at, 4 * at + 4), image),
        strongestQuery: {
          ...(other.at < known ? { known: other.at } : { query: other.at - known }),
          weight: other.weight,
        },
      };
    }),
    ...(groups && { knownQueries: known, largestBlockedWeights: groups.leak }),
  };
}

type Size = Pick<ImageAttention['image'], 'width' | 'height'>;

/** Converts alternating x and y coordinates in 0..1 to pixels. */
const inPixels = (values: readonly number[], { width, height }: Size): number[] =>
  values.map((value, i) => Number((value * (i % 2 === 0 ? width : height)).toFixed(2)));

function boxOf(box: Float32Array, size: Size): number[] {
  const [cx, cy, w, h] = box as unknown as [number, number, number, number];
  return inPixels([cx - w / 2, cy - h / 2, w, h], size);
}

const rounded = (weight: number): number => Number(weight.toFixed(4));

function strongest(weights: Float32Array): { at: number; weight: number } {
  const at = weights.reduce((best, weight, i) => (weight > (weights[best] as number) ? i : best), 0);
  return { at, weight: rounded(weights[at] as number) };
}

function cellOf({ grid, layers }: CellAttention, l: number, heads: number): object {
  const { at, weight } = strongest(meanOverHeads(layers[l] as Float32Array, heads));
  return { strongestCell: { row: Math.floor(at / grid.columns), column: at % grid.columns, weight } };
}

function samplesOf({ strides, layers }: Sampling, l: number, { heads, image }: ImageAttention): object {
  const samples = layers[l] as Sampling['layers'][number];
  const { reference, locations, weights } = samples;
  const { at, weight } = strongest(weights);
  const points = weights.length / heads / strides.length;
  const shares = weightShares(samples, heads, strides.length);
  return {
    ...(reference.length === 4 ? { anchor: boxOf(reference, image) } : { point: inPixels([...reference], image) }),
    strongestSample: {
      head: Math.floor(at / points / strides.length),
      level: Math.floor(at / points) % strides.length,
      point: at % points,
      at: inPixels([...locations.subarray(2 * at, 2 * at + 2)], image),
      weight,
    },
    weightOfLevels: shares.levels.map(rounded),
    weightOutsideImage: rounded(shares.outside),
  };
}
