/** The depthwise convolutions of a backbone, by their sizes for one size of image. */
import { type Backbone, initialParameters } from '@dn-detr/core';
import { profile, type Rank, tidy, zeros } from '@tensorflow/tfjs-core';

export interface DepthwiseShape {
  /** Height and width of the kernel. */
  readonly size: number;
  readonly stride: number;
  readonly channels: number;
  /** Height of the input in cells. */
  readonly height: number;
  /** Width of the input in cells. */
  readonly width: number;
}

/**
 * Each convolution with the number of times it occurs, in the order of the network, from a forward pass on the current
 * backend.
 */
export async function depthwiseShapes(
  backbone: Backbone,
  image: { readonly height: number; readonly width: number },
): Promise<(DepthwiseShape & { readonly count: number })[]> {
  const { kernels } = await profile(() => {
    tidy(() => {
      const images = zeros<Rank.R4>([1, image.height, image.width, 3]);
      backbone.forward(initialParameters(backbone.parameters, 1), images);
    });
    return [];
  });
  const counts = new Map<string, DepthwiseShape & { count: number }>();
  for (const { name, inputShapes, outputShapes } of kernels) {
    if (name !== 'DepthwiseConv2dNative' && name !== 'DnDepthwiseConv') continue;
    const [[, height, width, channels], [size]] = inputShapes as [[number, number, number, number], [number]];
    const [[, outHeight]] = outputShapes as [[number, number]];
    const shape = { size, stride: Math.round(height / outHeight), channels, height, width };
    const known = counts.get(JSON.stringify(shape));
    if (known) known.count++;
    else counts.set(JSON.stringify(shape), { ...shape, count: 1 });
  }
  return [...counts.values()];
}
