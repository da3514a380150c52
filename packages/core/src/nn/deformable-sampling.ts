/** Sampling of multi-scale deformable attention (Zhu et al., ICLR 2021, https://arxiv.org/abs/2010.04159). */
import {
  add,
  cast,
  floor,
  gather,
  greaterEqual,
  less,
  logicalAnd,
  matMul,
  maximum,
  minimum,
  mul,
  reshape,
  scalar,
  split,
  stack,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor3D,
  type Tensor4D,
  type Tensor5D,
  tensor1d,
  tensor2d,
} from '@tensorflow/tfjs-core';
import { detach } from './detach.ts';
import { kernelOp } from './kernel-op.ts';

/** Height and width of a level of features, in pixels. */
export interface LevelSize {
  readonly height: number;
  readonly width: number;
}

/** The features to sample, and the locations and weights of the samples. */
export interface DeformableSampling {
  /** `[B, S, H, D]`: the pixels of all levels, level after level and row by row, for each of H heads. */
  readonly value: Tensor4D;
  /** Sizes of the L levels, which have S pixels in total. */
  readonly levels: readonly LevelSize[];
  /** `[B, Q, H, L, P, 2]`: x and y of P points on each level, in 0..1 from edge to edge of the level. */
  readonly locations: Tensor;
  /** Weights of the samples `[B, Q, H, L, P]`. */
  readonly weights: Tensor5D;
}

/**
 * Samples values bilinearly at the locations and adds them up by weight, head by head: `ms_deform_attn_core_pytorch` of
 * the reference (models/ops/functions/ms_deform_attn_func.py). A pixel has its value at its centre, and everything
 * outside a level is zero. A location that is NaN makes its query's output NaN.
 *
 * @returns `[B, Q, H*D]`
 * @throws if the shapes and levels do not fit together
 */
export function sampleDeformably(sampling: DeformableSampling): Tensor3D {
  const { value, levels, locations, weights } = sampling;
  requireFitting(sampling);
  const sizes = levels.flatMap(({ height, width }) => [height, width]);
  return kernelOp({
    name: 'DnMultiScaleDeformableAttention',
    inputs: { value, locations, weights },
    attributes: { sizes },
    composed: () => composed(sampling),
  });
}

function requireFitting({ value, levels, locations, weights }: DeformableSampling): void {
  const [batch, pixels, heads] = value.shape;
  const count = levels.reduce((sum, { height, width }) => sum + height * width, 0);
  const [, queries, , , points] = weights.shape;
  const expected = [batch, queries, heads, levels.length, points];
  const fits =
    count === pixels && `${weights.shape}` === `${expected}` && `${locations.shape}` === `${[...expected, 2]}`;
  if (fits && levels.every(({ height, width }) => height > 0 && width > 0)) return;
  const words = levels.map(({ height, width }) => `${height}x${width}`).join(', ');
  throw new Error(
    `deformable sampling: value [${value.shape}], locations [${locations.shape}] and weights [${weights.shape}] do not fit ` +
      `levels of ${words} pixels: expected [B, ${count}, H, D], [B, Q, H, ${levels.length}, P, 2] and ` +
      `[B, Q, H, ${levels.length}, P]`,
  );
}

/**
 * Gathers the four pixels around every location, then takes one product of them and their weights for each query and
 * head.
 */
function composed({ value, levels, locations, weights }: DeformableSampling): Tensor3D {
  const [batch, pixels, heads, width] = value.shape;
  const [, queries, , , points] = weights.shape;
  const [rows, samples] = [batch * queries, levels.length * points];
  // For each sample of a query: the size of its level, and the row of the level's first pixel among those of an image.
  const ofLevels = levels.map((level, i) => ({ ...level, start: levels.slice(0, i).reduce(addPixels, 0) }));
  const ofSamples = Array.from({ length: heads }, (_, head) =>
    ofLevels.flatMap(({ start, ...size }) => Array(points).fill({ ...size, first: start * heads + head })),
  ).flat() as (LevelSize & { first: number })[];
  const ints = (values: number[]): Tensor => tensor1d(values, 'int32');

  const [x, y] = split(reshape(locations, [rows, heads * samples, 2]), 2, 2) as [Tensor, Tensor];
  const across = neighbours(
    reshape(x, [rows, heads * samples]),
    ofSamples.map((sample) => sample.width),
  );
  const down = neighbours(
    reshape(y, [rows, heads * samples]),
    ofSamples.map((sample) => sample.height),
  );
  const levelWidths = ints(ofSamples.map((sample) => sample.width));
  const firstOfLevel = ints(ofSamples.map(({ first }) => first));
  const imageStarts = Array.from({ length: rows }, (_, row) => Math.floor(row / queries) * pixels * heads);
  const first = add(firstOfLevel, tensor2d(imageStarts, [rows, 1], 'int32'));
  const corners = down.flatMap((v) => across.map((h) => [v, h] as const));
  const places = corners.map(([v, h]) =>
    add(first, mul(add(mul(v.pixel, levelWidths), h.pixel), scalar(heads, 'int32'))),
  );
  const shares = corners.map(([v, h]) => mul(mul(v.weight, h.weight), reshape(weights, [rows, heads * samples])));
  const sampled = gather(reshape(value, [batch * pixels * heads, width]), reshape(stack(places, 2), [-1]) as Tensor1D);
  const sums = matMul(
    reshape(stack(shares, 2), [rows * heads, 1, 4 * samples]),
    reshape(sampled, [rows * heads, 4 * samples, width]),
  );
  return reshape(sums, [batch, queries, heads * width]);
}

const addPixels = (sum: number, { height, width }: LevelSize): number => sum + height * width;

/**
 * The pixels next to locations (int32) and their bilinear weights. A pixel outside its level is clamped into it, with
 * weight 0.
 */
interface Neighbour {
  readonly pixel: Tensor;
  readonly weight: Tensor;
}

/**
 * The pixels before and after locations along one axis.
 *
 * @param locations `[N, M]`
 * @param sizes sizes of the M levels along that axis, in pixels
 */
function neighbours(locations: Tensor, sizes: readonly number[]): [Neighbour, Neighbour] {
  const size = tensor1d([...sizes]);
  const at = sub(mul(locations, size), 0.5);
  const before = detach(floor(at));
  const along = sub(at, before);
  const last = tensor1d(
    sizes.map((size) => size - 1),
    'int32',
  );
  const neighbour = (pixel: Tensor, weight: Tensor): Neighbour => ({
    pixel: minimum(maximum(cast(pixel, 'int32'), scalar(0, 'int32')), last),
    weight: mul(weight, cast(logicalAnd(greaterEqual(pixel, 0), less(pixel, size)), 'float32')),
  });
  return [neighbour(before, sub(1, along)), neighbour(add(before, 1), along)];
}
