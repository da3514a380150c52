/** How a parameter lies in a state_dict. */
import type { ParameterSpec } from '@dn-detr/core/nn';

/** A kernel's axes stand in PyTorch's order there: `[out, in, height, width]`. */
export function storedShape({ shape, kernel }: ParameterSpec): readonly number[] {
  if (!kernel) return shape;
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  return [outputs, inputs, height, width];
}
