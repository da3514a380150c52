/** Group normalisation (Wu and He 2018, https://arxiv.org/abs/1803.08494), `torch.nn.GroupNorm` on `[B, h, w, C]`. */
import {
  add,
  mean,
  mul,
  reshape,
  rsqrt,
  square,
  squaredDifference,
  sub,
  sum,
  type Tensor1D,
  type Tensor3D,
  type Tensor4D,
  tile,
} from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';
import { type Module, parametersOf } from './module.ts';
import { scaleAndShift } from './norm.ts';
import type { ParameterGroup } from './parameters.ts';

/** Added to the variance: PyTorch's default. */
const epsilon = 1e-5;

/**
 * Group normalisation of images `[B, h, w, width]`.
 *
 * @param name the parameters are `name.weight` and `name.bias`, both `[width]`
 */
export function groupNorm(
  name: string,
  { width, groups, group }: { readonly width: number; readonly groups: number; readonly group: ParameterGroup },
): Module<Tensor4D, Tensor4D> {
  const { weight, bias } = scaleAndShift(name, { width, group });
  return {
    parameters: parametersOf(weight, bias),
    apply: (tensors, x) => normalizeGroups(x, weight.apply(tensors), bias.apply(tensors), groups),
  };
}

/**
 * Normalises each group of neighbouring channels of an image over all its pixels, then scales and shifts each channel.
 *
 * Means are taken over the pixels first and then over the channels of a group; for a mean over both at once, TensorFlow
 * would transpose the images. What remains is one product and one sum per channel of an image.
 *
 * With `n` the normalised images, `r` the reciprocal of the standard deviation, `g = dy · weight` and means over a
 * group, the gradient of the input is `r (g - mean(g) - n mean(g n))`.
 *
 * @param x `[B, h, w, C]`
 * @param weight `[C]`, the scale
 * @param bias `[C]`, the shift
 * @returns `[B, h, w, C]`
 * @throws if the channels cannot be divided into groups
 */
export function normalizeGroups(x: Tensor4D, weight: Tensor1D, bias: Tensor1D, groups: number): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [pixels, groupSize] = [height * width, channels / groups];
  if (channels % groups !== 0) throw new Error(`groupNorm: ${channels} channels cannot be divided by ${groups} groups`);

  /**
   * Averages means over pixels within each group and repeats the result for each of its channels, `[B, 1, C]` to
   * `[B, 1, C]`.
   */
  const overGroups = (means: Tensor3D): Tensor3D => {
    const ofGroups = mean<Tensor3D>(reshape(means, [batch, groups, groupSize]), 2, true);
    return reshape(tile(ofGroups, [1, 1, groupSize]), [batch, 1, channels]);
  };

  return withGradient([x, weight, bias], () => {
    const rows = reshape(x, [batch, pixels, channels]);
    const centre = overGroups(mean(rows, 1, true));
    const variance = overGroups(mean(squaredDifference(rows, centre), 1, true));
    const r = rsqrt(add<Tensor3D>(variance, epsilon));
    const slope = mul<Tensor3D>(r, weight);
    return {
      value: reshape(add(mul(rows, slope), sub(bias, mul(centre, slope))), x.shape),
      saved: [rows, centre, r, slope, weight] as const,
      gradient: (dy, [rows, centre, r, slope, weight]) => {
        const dyRows = reshape(dy, [batch, pixels, channels]);
        // Means over pixels of dy and of dy n.
        const dyMean = mean<Tensor3D>(dyRows, 1, true);
        const dynMean = mul<Tensor3D>(sub(mean(mul(dyRows, rows), 1, true), mul(centre, dyMean)), r);
        // For each channel of an image, the gradient is a multiple of dy plus a multiple of x plus a constant.
        const ofX = mul(overGroups(mul(dynMean, weight)), square(r));
        const level = sub(mul(centre, ofX), mul(overGroups(mul(dyMean, weight)), r));
        const dx = add(sub(mul(dyRows, slope), mul(rows, ofX)), level);
        return [reshape(dx, x.shape), mul(sum(dynMean, [0, 1]), pixels), mul(sum(dyMean, [0, 1]), pixels)];
      },
    };
  });
}
